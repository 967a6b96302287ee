#ifndef SCOUT_INSTRUMENT_N_PLUS_ONE_HPP
#define SCOUT_INSTRUMENT_N_PLUS_ONE_HPP

// The same statement again and again: counted for each thread and transaction when a span that carries one ends, by what is
// left of it without its values. As Scout's Python agent does, the run that makes it too many keeps its stack.

#include "../buffer/registry.hpp"
#include "../core/operation.hpp"

namespace scout::inline v0::detail {

// What a statement, or any other text, is known by (core/statement.hpp); 0: nobody is there to count it.
inline std::uint32_t statement_hash(Registry& registry, Text text) noexcept {
  const AgentHooks* const hooks = __atomic_load_n(&registry.hooks, __ATOMIC_ACQUIRE);
  return hooks != nullptr ? hooks->hash_statement(text.data, text.size) : 0;
}

// Notes a run of a statement (its hash). True once a statement: this run makes it too many, and together they took too long.
// The caller is in a busy section.
inline bool note_statement(ThreadBuffer& buffer, ContextWord context, std::uint32_t statement, std::uint64_t ticks) noexcept {
  if (buffer.registry == nullptr) return false;  // wiped by a fork
  if (buffer.repeating_transaction != context.transaction()) {
    buffer.repeating_transaction = context.transaction();
    for (ThreadBuffer::Repetition& repetition : buffer.repetitions) repetition = {};
  }
  ThreadBuffer::Repetition* place = buffer.repetitions;
  for (ThreadBuffer::Repetition& candidate : buffer.repetitions) {
    if (candidate.statement == statement || candidate.statement == 0) {
      place = &candidate;
      break;
    }
    if (candidate.count < place->count) place = &candidate;  // the rarest gives way to a new one
  }
  if (place->statement != statement) *place = {statement, 0, 0};
  if (place->count == ThreadBuffer::Repetition::reported) return false;
  ++place->count;
  place->ticks += ticks;
  const Settings& settings = buffer.registry->settings;
  if (place->count < load(settings.repeat_count) || place->ticks < load(settings.repeat_ticks)) return false;
  place->count = ThreadBuffer::Repetition::reported;
  return true;
}

}  // namespace scout::inline v0::detail

#endif
