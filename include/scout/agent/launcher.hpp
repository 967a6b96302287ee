#ifndef SCOUT_AGENT_LAUNCHER_HPP
#define SCOUT_AGENT_LAUNCHER_HPP

// Who looks after the core agent: core_agent/manager.hpp, where the program or shared library that calls install() includes it in
// any of its files.

namespace scout::inline v0 {

struct FinalConfig;

namespace detail {

struct LauncherTable {
  bool (*start)(const FinalConfig& config);  // on the thread that installs, which does not wait; false: there is no thread for it
  void (*stop)();                            // waits a little; not in a forked child
};

// Each object's own. A variable: the address of a weak function that nobody defines is not null where gold links.
[[gnu::visibility("hidden")]] inline constinit LauncherTable launcher_of_this_object{};

}  // namespace detail
}  // namespace scout::inline v0

#endif
