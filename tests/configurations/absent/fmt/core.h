#error "this program needs no fmt/core.h"
