#error "this program needs no simdjson.h"
