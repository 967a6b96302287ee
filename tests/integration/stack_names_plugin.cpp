extern "C" [[gnu::noinline, gnu::visibility("default")]] void call_back(void (*function)()) {
  function();
  asm volatile("");  // no tail call
}
