#include "builds.cpp"
#include "builds_elsewhere.cpp"
