// However it is linked, a program that includes the header throws and catches as ever. Its argument: whether stacks are kept.
#include <scout/instrument/error_capture.hpp>

#include <cstring>
#include <future>
#include <stdexcept>
#include <vector>

int main(int, char** arguments) {
  int caught = 0;
  try {
    throw std::runtime_error("x");
  } catch (const std::exception&) {
    ++caught;
  }
  try {
    std::vector<int>().at(3);
  } catch (const std::out_of_range&) {
    ++caught;
  }
  try {
    std::rethrow_exception(std::make_exception_ptr(7));
  } catch (int number) {
    caught += number == 7;
  }
  const bool expected = std::strcmp(arguments[1], "kept") == 0;
  return caught == 3 && scout::detail::thrown_stacks_are_kept == expected ? 0 : 1;
}
