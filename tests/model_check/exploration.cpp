#include "exploration.hpp"

#include <stdexcept>

namespace model {

namespace {

struct Violation : std::runtime_error {
  using runtime_error::runtime_error;
};

}  // namespace

Explorer& explorer() {
  static Explorer it;
  return it;
}

bool Explorer::is_enabled(unsigned thread) {
  const Fiber& fiber = fibers_[thread];
  if (fiber.ended) return false;
  if (fiber.next.kind != Operation::Kind::lock) return true;
  return mutexes_[fiber.next.place].owner < 0;
}

// Which thread's next operation is executed; 0: all have ended.
unsigned Explorer::pick() {
  unsigned enabled = 0;
  bool waiting = false;
  for (unsigned i = 1; i <= thread_count_; ++i) {
    if (is_enabled(i)) enabled |= 1u << i;
    waiting |= !fibers_[i].ended;
  }
  if (enabled == 0) {
    if (waiting) violated("a deadlock");
    return 0;
  }
  if (!draining_ && position_ == path_.size()) {
    Choice choice;
    choice.enabled = enabled;
    choice.asleep = asleep_;
    for (unsigned i = 1; i <= thread_count_; ++i) choice.next[i] = fibers_[i].next;
    const unsigned awake = enabled & ~asleep_;
    if (awake == 0) {
      draining_ = true;
    } else {
      choice.taken = (awake >> current_ & 1u) != 0 && current_ != 0 ? current_ : static_cast<unsigned>(__builtin_ctz(awake));
      path_.push_back(choice);
    }
  }
  unsigned taken = static_cast<unsigned>(__builtin_ctz(enabled));
  if (!draining_) {
    const Choice& choice = path_[position_++];
    if (!choice.of_thread || choice.enabled != enabled) throw std::logic_error("the scenario is not deterministic");
    taken = choice.taken;
    asleep_ = 0;
    for (unsigned i = 1; i <= thread_count_; ++i) {
      const bool seen = ((choice.asleep | choice.finished) >> i & 1u) != 0;
      if (seen && i != taken && commute(choice.next[i], choice.next[taken])) asleep_ |= 1u << i;
    }
  }
  done_.emplace_back(taken, fibers_[taken].next);
  return taken;
}

unsigned Explorer::choose(unsigned count) {
  if (count == 1 || draining_) return 0;
  if (position_ == path_.size()) {
    Choice choice;
    choice.of_thread = false;
    choice.count = count;
    path_.push_back(choice);
  }
  const Choice& choice = path_[position_++];
  if (choice.of_thread || choice.count != count) throw std::logic_error("the scenario is not deterministic");
  return choice.taken;
}

void Explorer::switch_to(unsigned thread) {
  if (thread == current_) return;
  Fiber& from = fibers_[current_];
  Fiber& to = fibers_[thread];
  if (word_ != nullptr) {
    from.word = *word_;
    *word_ = to.word;
  }
  current_ = thread;
  swapcontext(&from.context, &to.context);
}

void Explorer::announce(Operation operation) {
  if (current_ == 0) return;
  running = false;
  fibers_[current_].next = operation;
  switch_to(pick());
  running = true;
}

void Explorer::violated(const std::string& what) {
  running = false;
  // Before all shared places were known as such, what they order was not seen.
  violation_ = restart_ ? "" : what + story();
  abandoned_ = true;
  if (current_ == 0) throw Violation(violation_);
  switch_to(0);
  __builtin_unreachable();
}

std::string Explorer::story() const {
  static constexpr const char* names[] = {"-", "loads", "stores", "locks", "tries to lock", "unlocks", "ends", "barrier"};
  std::string text;
  for (const auto& [thread, operation] : done_) {
    const auto base = reinterpret_cast<std::uintptr_t>(watched);
    text += "\n  thread " + std::to_string(thread) + ' ' + names[static_cast<std::size_t>(operation.kind)];
    if (operation.place >= base && operation.place < base + watched_size) text += " +" + std::to_string(operation.place - base);
  }
  return text;
}

void Explorer::run_fiber() {
  Explorer& self = explorer();
  const unsigned me = self.current_;
  running = true;
  self.scenario_->threads[me - 1]();
  std::uintptr_t held = 0;
  unsigned count = 0;
  for (const auto& [place, mutex] : self.mutexes_) {
    if (mutex.owner != static_cast<int>(me)) continue;
    held = place;
    ++count;
  }
  if (count != 0) self.announce({Operation::Kind::end, count == 1 ? held : 0});
  running = false;
  for (auto& [place, mutex] : self.mutexes_) {
    if (mutex.owner != static_cast<int>(me)) continue;
    mutex.owner = -1;
    mutex.owner_died = true;
    mutex.left = self.machine_.knowledge(me);
  }
  self.fibers_[me].ended = true;
  self.switch_to(self.pick());
  __builtin_unreachable();
}

void Explorer::execute(const Scenario& scenario) {
  position_ = 0;
  asleep_ = 0;
  steps_ = 0;
  current_ = 0;
  draining_ = abandoned_ = interrupted_ = false;
  now_ = 0;
  done_.clear();
  mutexes_.clear();
  machine_.begin_execution();
  fibers_[0].specific = nullptr;
  running = true;
  if (scenario.set_up) scenario.set_up();
  running = false;
  void* const word = word_ == nullptr ? nullptr : *word_;
  // A thread's start is an operation that nobody sees: its stores before the first one that is announced are those of an only
  // writer, and a load that comes later may see the older store as well.
  for (unsigned i = 1; i <= thread_count_; ++i) {
    Fiber& fiber = fibers_[i];
    if (fiber.stack == nullptr) fiber.stack = std::make_unique<char[]>(stack_size);
    machine_.knowledge(i) = machine_.knowledge(0);
    fiber.specific = nullptr;
    fiber.word = word;
    fiber.ended = false;
    fiber.next = {};
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = stack_size;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, run_fiber, 0);
  }
  switch_to(pick());
  if (word_ != nullptr) *word_ = word;
  if (abandoned_) throw Violation(violation_);
  for (unsigned i = 1; i <= thread_count_; ++i) machine_.knowledge(0).join(machine_.knowledge(i));
  running = true;
  scenario.judge();
  running = false;
}

// To the next execution that differs; false: there is none.
bool Explorer::backtrack() {
  while (!path_.empty()) {
    Choice& last = path_.back();
    if (!last.of_thread) {
      if (++last.taken < last.count) return true;
    } else {
      last.finished |= 1u << last.taken;
      const unsigned rest = last.enabled & ~last.asleep & ~last.finished;
      if (rest != 0) {
        last.taken = static_cast<unsigned>(__builtin_ctz(rest));
        return true;
      }
    }
    path_.pop_back();
  }
  return false;
}

Outcome Explorer::explore(const Scenario& scenario) {
  Outcome outcome;
  scenario_ = &scenario;
  thread_count_ = static_cast<unsigned>(scenario.threads.size());
  const std::size_t mapped_before = mapped;
  path_.clear();
  machine_.begin_exploration();
  has_barrier_ = false;
  void* const word = word_ == nullptr ? nullptr : *word_;
  do {
    restart_ = false;
    try {
      execute(scenario);
    } catch (const Violation& violation) {
      running = false;
      outcome.violation = violation.what();
    }
    machine_.end_execution();
    if (word_ != nullptr) *word_ = word;
    mapped = mapped_before;
    if (!outcome.violation.empty()) break;
    ++(draining_ ? outcome.repeated : outcome.executions);
    if (restart_) {
      outcome = {};
      path_.clear();
    }
  } while (restart_ || backtrack());
  return outcome;
}

void Explorer::interrupt() {
  if (!scenario_->handler || current_ != 1 || interrupted_) return;
  running = false;
  interrupted_ = choose(2) == 1;
  running = true;
  if (interrupted_) scenario_->handler();
}

bool Explorer::enters(const volatile void* address, Machine::Use use) {
  interrupt();
  if (++steps_ > longest && current_ != 0) violated("an execution without end");
  const std::uint32_t cell = machine_.place(const_cast<const void*>(address));
  const auto meeting = machine_.meeting(cell, current_, use, restart_);
  if (meeting == Machine::Meeting::none) return false;
  const bool loads = use == Machine::Use::load;
  const auto place = reinterpret_cast<std::uintptr_t>(address);
  if (meeting == Machine::Meeting::several_writers || has_barrier_ || (loads && !machine_.is_writer(cell, current_))) {
    announce({loads ? Operation::Kind::load : Operation::Kind::store, place});
  } else if (current_ != 0 && !loads) {
    for (unsigned i = 1; i <= thread_count_; ++i) {
      if (fibers_[i].next.place == place) asleep_ &= ~(1u << i);
    }
    done_.emplace_back(current_, Operation{Operation::Kind::store, place});
  }
  return true;
}

bool Explorer::meets_at(const pthread_mutex_t* mutex) {
  if (!watches(mutex)) return true;
  return machine_.meeting(machine_.place(mutex), current_, Machine::Use::modify, restart_) != Machine::Meeting::none;
}

void Explorer::pass_barrier() {
  restart_ |= !has_barrier_;
  has_barrier_ = true;
  announce({Operation::Kind::barrier, 0});
  const Aside aside;
  Knowledge everything;
  for (unsigned i = 0; i < thread_limit; ++i) everything.join(machine_.knowledge(i));
  for (unsigned i = 0; i < thread_limit; ++i) {
    Knowledge& knowledge = machine_.knowledge(i);
    const Clock own = knowledge.clock;  // it orders no plain accesses
    knowledge.join(everything);
    knowledge.clock = own;
  }
}

Outcome explore(const Scenario& scenario) { return explorer().explore(scenario); }

void require(bool holds, const char* what) {
  if (!holds) explorer().violated(what);
}

void set_thread_local_word(void* word) { explorer().set_thread_local_word(static_cast<void**>(word)); }

std::uint64_t ticks() { return explorer().tick(); }

void process_wide_barrier() { explorer().pass_barrier(); }

}  // namespace model
