// Runs a test of kernels in every order of fibers that the emulation has.
#pragma once

#include "cuda/emulation/emulation.h"

namespace sparkllama::testing {

template <typename Body>
void in_all_fiber_orders(Body body) {
  using cuda::emulation::FiberOrder;
  for (const FiberOrder order :
       {FiberOrder::kForward, FiberOrder::kBackward, FiberOrder::kScattered}) {
    cuda::emulation::set_fiber_order(order);
    body();
  }
  cuda::emulation::set_fiber_order(FiberOrder::kForward);
}

}  // namespace sparkllama::testing
