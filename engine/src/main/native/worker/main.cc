// The worker process: the native engine apart from Java's, so that its end ends nothing else.
//   sparkllama-worker PARENT_PID
// Takes requests on standard input and replies on standard output. It ends with its parent: at the
// end of its input, and by a signal when the parent's thread that started it ends.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "worker/worker.h"

namespace sparkllama {
namespace {

constexpr int kUsage = 2;
constexpr int kMalformed = 3;

// A core dump would hold documents. Linux gives one to a program whatever the limit (a core_pattern
// that begins with '|', as systemd and Ubuntu have it), but for the limit 1; and a file is written
// from one page on. The hard limit may be 0 already, which nothing raises: files are stopped then.
void forbid_core_dump() {
  const rlimit neither = {1, 1};
  const rlimit no_file = {0, 0};
  if (::setrlimit(RLIMIT_CORE, &neither) != 0) {
    ::setrlimit(RLIMIT_CORE, &no_file);
  }
}

// Returns whether the parent is still there.
bool end_with_parent(long parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return ::getppid() == parent;  // else it went before the line above
}

// The terminal sends these to the whole group, QUIT too, for a JVM's thread dump: the parent
// decides what follows.
void leave_interrupts_to_parent() {
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGQUIT, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
}

int serve() {
  // What anything else prints must not stand between replies.
  const int replies = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (replies < 0 || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    std::perror("The worker's output cannot be set up");
    return EXIT_FAILURE;
  }
  try {
    Worker(Channel(STDIN_FILENO, replies)).serve();
    return EXIT_SUCCESS;
  } catch (const MalformedMessage& e) {
    std::fprintf(stderr, "The worker process ends: %s\n", e.what());
    return kMalformed;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "The worker process failed: %s\n", e.what());
    return EXIT_FAILURE;
  }
}

}  // namespace
}  // namespace sparkllama

int main(int count, char** arguments) {
  sparkllama::forbid_core_dump();
  if (count != 2) {
    std::fprintf(stderr, "usage: sparkllama-worker PARENT_PID; the engine starts it\n");
    return sparkllama::kUsage;
  }
  sparkllama::leave_interrupts_to_parent();
  if (!sparkllama::end_with_parent(std::strtol(arguments[1], nullptr, 10))) {
    return EXIT_SUCCESS;
  }
  return sparkllama::serve();
}
