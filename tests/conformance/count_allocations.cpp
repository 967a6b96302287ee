#include <scout/instrument/allocations.hpp>
