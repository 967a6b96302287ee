#ifndef SCOUT_TOOLS_LOCAL_AGENT_REPORT_HPP
#define SCOUT_TOOLS_LOCAL_AGENT_REPORT_HPP

// Tables and lines of text: the endpoints, the traces of one, the account of what came, one line for a transaction. No line is
// wider than the terminal; a table leaves out what does not fit, the least important first.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "session.hpp"
#include "store.hpp"
#include "terminal_text.hpp"

namespace scout::local_agent {

enum class Order { total, p95, count, errors, name };

using EndpointRow = std::pair<const std::string, Endpoint>;

// Largest first, names from A to Z; all, or the one that is named.
std::vector<const EndpointRow*> in_order(const Store& store, Order order, std::string_view only = "");

// A table's heading, then a line for each row, without line feeds.
std::vector<std::string> endpoint_lines(const std::vector<const EndpointRow*>& rows, const Appearance& appearance);
std::vector<std::string> trace_lines(const std::vector<KeptTrace>& traces, const Appearance& appearance);

// All endpoints, or the one that is named.
std::string endpoint_table(const Store& store, const Appearance& appearance, std::string_view only = "");

// "16:50:18.972  Controller/users/show  250 ms  ERROR  N+1 ×112"
std::string transaction_line(const Trace& trace, const Appearance& appearance);

// What is worth a look in a trace: "ERROR  N+1 ×112  2 slow  5 spans lost".
std::string remarks(const Trace& trace, bool ascii);

// "Pid: 7  CPU 3.1 %  45.2 MiB"; a line for each process, without line feeds.
std::vector<std::string> process_lines(const Processes& processes, const Appearance& appearance);

// One line for transactions, one for traffic, and one for each kind of complaint and of process.
std::string account_text(const Desk& desk, const Appearance& appearance);

}  // namespace scout::local_agent

#endif
