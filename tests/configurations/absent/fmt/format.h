#error "this program needs no fmt/format.h"
