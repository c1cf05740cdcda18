#include "cuda/emulation/emulation.h"

#include <ucontext.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace sparkllama::cuda::emulation {
namespace {

constexpr size_t kStackBytes = 256 * 1024;
constexpr size_t kSharedBorder = 128;
constexpr size_t kMostShared = 227 * 1024;  // of a block on sm_90
constexpr int kMostThreads = 1024;
constexpr size_t kMostExchanged = 64;  // bytes of a lane

[[noreturn]] void refuse(const char* what) {
  std::fprintf(stderr, "A kernel on the emulated device: %s\n", what);
  std::abort();
}

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
// Saves what a call keeps and changes stacks; ucontext asks the system about signals each time.
extern "C" void sparkllama_switch_fiber(void** from, void* to);
asm(R"(
.text
.type sparkllama_switch_fiber, @function
sparkllama_switch_fiber:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size sparkllama_switch_fiber, .-sparkllama_switch_fiber
)");
#define SPARKLLAMA_OWN_SWITCH 1
#else
#define SPARKLLAMA_OWN_SWITCH 0
#endif

struct Copy {
  void* target;
  const void* source;
};

// One thread of a block.
struct Fiber {
#if SPARKLLAMA_OWN_SWITCH
  void* stack_pointer = nullptr;
#else
  ucontext_t context = {};
  void* fake_stack = nullptr;
#endif
  std::unique_ptr<unsigned char[]> stack{new unsigned char[kStackBytes]};
  Place place;
  std::vector<Copy> open_copies;
  std::deque<std::vector<Copy>> copies;  // groups that were closed
  int index = 0;
  bool ended = true;
};

// Lanes that have come to an exchange, and what they brought to this one and the one before.
struct Warp {
  int lanes = 0;
  int arrived = 0;
  int ended = 0;
  unsigned round = 0;
  size_t bytes = 0;
  alignas(64) std::byte given[2][kWarpSize * kMostExchanged];
};

class Block {
 public:
  void run(const Place& place, size_t shared_bytes, const std::function<void()>& body);

  Fiber& current() { return *fibers_[running_]; }
  unsigned char* shared() { return shared_; }
  void sync();
  const std::byte* exchange(const void* mine, size_t bytes);
  void set_order(FiberOrder order) { order_ = order; }
  void set_shared_limit(size_t bytes);
  size_t shared_limit() const { return shared_limit_; }
  bool is_running() const { return body_ != nullptr; }
  [[noreturn]] void enter();

 private:
  void start(Fiber& fiber);
  void yield();
  void switch_to(Fiber* from, Fiber* to);
  void make_order(int count);

  FiberOrder order_ = FiberOrder::kForward;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<int> turns_;  // fiber of each turn
  std::vector<Warp> warps_;
  Fiber scheduler_;
#if defined(__SANITIZE_ADDRESS__)
  const void* scheduler_bottom_ = nullptr;  // of the stack that fibers are started from
  size_t scheduler_bytes_ = 0;
#endif
  const std::function<void()>* body_ = nullptr;
  int running_ = 0;
  int arrived_ = 0;
  int alive_ = 0;
  unsigned barrier_ = 0;
  bool progress_ = false;
  size_t shared_limit_ = kMostShared;
  alignas(kSharedBorder) unsigned char shared_[kMostShared];
};

Block& block() {
  static Block* the_block = new Block;  // emulated kernels run on one thread at a time
  return *the_block;
}

void fiber_main() { block().enter(); }

void Block::make_order(int count) {
  turns_.resize(count);
  std::iota(turns_.begin(), turns_.end(), 0);
  if (order_ == FiberOrder::kBackward) std::reverse(turns_.begin(), turns_.end());
  if (order_ == FiberOrder::kScattered) {
    uint64_t state = 0x9e3779b97f4a7c15u;
    for (int i = count - 1; i > 0; --i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      std::swap(turns_[i], turns_[(state >> 33) % (i + 1)]);
    }
  }
}

void Block::start(Fiber& fiber) {
  fiber.ended = false;
#if SPARKLLAMA_OWN_SWITCH
  // As if sparkllama_switch_fiber had been called from nowhere: six registers, then where it
  // returns to, with the stack as a call leaves it.
  auto top = reinterpret_cast<uintptr_t>(fiber.stack.get() + kStackBytes) / 16 * 16;
  auto* words = reinterpret_cast<uintptr_t*>(top) - 8;
  std::fill_n(words, 8, uintptr_t{0});
  words[6] = reinterpret_cast<uintptr_t>(&fiber_main);
  fiber.stack_pointer = words;
#else
  ::getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack.get();
  fiber.context.uc_stack.ss_size = kStackBytes;
  fiber.context.uc_link = nullptr;
  ::makecontext(&fiber.context, &fiber_main, 0);
#endif
}

void Block::switch_to(Fiber* from, Fiber* to) {
#if SPARKLLAMA_OWN_SWITCH
  sparkllama_switch_fiber(&from->stack_pointer, to->stack_pointer);
#elif defined(__SANITIZE_ADDRESS__)
  const bool back = to == &scheduler_;
  __sanitizer_start_switch_fiber(from->ended ? nullptr : &from->fake_stack,
                                 back ? scheduler_bottom_ : to->stack.get(),
                                 back ? scheduler_bytes_ : kStackBytes);
  ::swapcontext(&from->context, &to->context);
  __sanitizer_finish_switch_fiber(from->fake_stack, nullptr, nullptr);
#else
  ::swapcontext(&from->context, &to->context);
#endif
}

void Block::enter() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &scheduler_bottom_, &scheduler_bytes_);
#endif
  (*body_)();
  Fiber& fiber = current();
  fiber.ended = true;
  --alive_;
  progress_ = true;
  ++warps_[fiber.index / kWarpSize].ended;
  switch_to(&fiber, &scheduler_);
  refuse("a thread that ended was run again");
}

void Block::set_shared_limit(size_t bytes) {
  if (bytes > kMostShared) refuse("no device has such shared memory");
  shared_limit_ = bytes;
}

void Block::run(const Place& place, size_t shared_bytes, const std::function<void()>& body) {
  const dim3 size = place.block_size;
  const int count = static_cast<int>(size.x * size.y * size.z);
  if (count < 1 || count > kMostThreads) refuse("a block has no such number of threads");
  if (shared_bytes > shared_limit_) refuse("a block has no such shared memory");
  while (static_cast<int>(fibers_.size()) < count) fibers_.push_back(std::make_unique<Fiber>());
  warps_.resize((count + kWarpSize - 1) / kWarpSize);
  for (size_t w = 0; w < warps_.size(); ++w) {
    warps_[w].lanes = std::min(kWarpSize, count - static_cast<int>(w) * kWarpSize);
    warps_[w].arrived = warps_[w].ended = 0;
  }
  std::fill_n(shared_, kMostShared, static_cast<unsigned char>(0xff));
  body_ = &body;
  arrived_ = 0;
  alive_ = count;
  make_order(count);
  for (int i = 0; i < count; ++i) {
    Fiber& fiber = *fibers_[i];
    fiber.place = place;
    fiber.place.thread = dim3(i % size.x, i / size.x % size.y, i / (size.x * size.y));
    fiber.index = i;
    fiber.open_copies.clear();
    fiber.copies.clear();
    start(fiber);
  }
  while (alive_ > 0) {
    progress_ = false;
    for (const int turn : turns_) {
      if (fibers_[turn]->ended) continue;
      running_ = turn;
      switch_to(&scheduler_, fibers_[turn].get());
    }
    if (!progress_) refuse("threads wait for others that do not come: a barrier not all reach");
  }
  body_ = nullptr;
}

void Block::yield() { switch_to(&current(), &scheduler_); }

void Block::sync() {
  // As a device does on sm_70 and later, threads that have ended are missed: a kernel must not
  // leave some before a barrier.
  const unsigned mine = barrier_;
  progress_ = true;
  if (++arrived_ == static_cast<int>(turns_.size())) {
    arrived_ = 0;
    ++barrier_;
    return;
  }
  while (barrier_ == mine) yield();
}

const std::byte* Block::exchange(const void* mine, size_t bytes) {
  if (bytes > kMostExchanged) refuse("lanes exchange more than the emulation has room for");
  Warp& warp = warps_[current().index / kWarpSize];
  const unsigned round = warp.round;
  std::byte* given = warp.given[round % 2];
  if (warp.arrived > 0 && warp.bytes != bytes) refuse("lanes of a warp come to different places");
  warp.bytes = bytes;
  std::memcpy(given + current().index % kWarpSize * bytes, mine, bytes);
  progress_ = true;
  if (++warp.arrived == kWarpSize) {
    warp.arrived = 0;
    ++warp.round;
    return given;
  }
  while (warp.round == round) yield();
  return given;
}

}  // namespace

const Place& place() { return block().current().place; }

unsigned char* dynamic_shared() { return block().shared(); }

void set_shared_limit(size_t bytes) { block().set_shared_limit(bytes); }

size_t shared_limit() { return block().shared_limit(); }

void sync_block() { block().sync(); }

const std::byte* exchange(const void* mine, size_t bytes) { return block().exchange(mine, bytes); }

void copy_async(void* target, const void* source) {
  constexpr uintptr_t kBorder = 16;
  if (reinterpret_cast<uintptr_t>(target) % kBorder != 0 ||
      reinterpret_cast<uintptr_t>(source) % kBorder != 0) {
    refuse("an asynchronous copy is not on a border of 16 bytes");
  }
  block().current().open_copies.push_back({target, source});
}

void commit_copies() {
  Fiber& fiber = block().current();
  fiber.copies.push_back(std::exchange(fiber.open_copies, {}));
}

void wait_for_copies(int left) {
  std::deque<std::vector<Copy>>& copies = block().current().copies;
  while (static_cast<int>(copies.size()) > left) {
    for (const Copy& copy : copies.front()) std::memcpy(copy.target, copy.source, 16);
    copies.pop_front();
  }
}

void set_fiber_order(FiberOrder order) { block().set_order(order); }

void run_grid(const LaunchShape& shape, const std::function<void()>& body) {
  for (const dim3& size : {shape.blocks, shape.threads}) {
    if (size.x == 0 || size.y == 0 || size.z == 0) refuse("a grid or a block has no size");
  }
  if (shape.blocks.y > 65535 || shape.blocks.z > 65535) refuse("a grid is too large in y or z");
  Place place;
  place.block_size = shape.threads;
  place.grid_size = shape.blocks;
  for (unsigned z = 0; z < shape.blocks.z; ++z) {
    for (unsigned y = 0; y < shape.blocks.y; ++y) {
      for (unsigned x = 0; x < shape.blocks.x; ++x) {
        place.block = dim3(x, y, z);
        block().run(place, shape.shared_bytes, body);
      }
    }
  }
}

}  // namespace sparkllama::cuda::emulation
