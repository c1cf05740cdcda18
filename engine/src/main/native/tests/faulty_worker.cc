// Plants faults into a worker process, for tests: linked with the worker's own objects, it stands
// before Runner::step and behind Sampler::sample (the linker's --wrap puts it there).
//
// Which faults, a file beside the executable says, of the same name and ".faults": lines of a word
// and a token id. "abort ID", "hang ID" and "throw ID" strike where the id stands in a batch,
// "abort-sampling ID" where it was sampled.
#include <sys/types.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>

#include "runner/runner.h"
#include "sampling/sampler.h"

using namespace sparkllama;

namespace {

struct Faults {
  std::set<int32_t> abort;
  std::set<int32_t> hang;
  std::set<int32_t> thrown;
  std::set<int32_t> abort_sampling;
};

Faults read_faults() {
  char path[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  std::string executable(path, length > 0 ? length : 0);
  constexpr std::string_view kDeleted = " (deleted)";
  if (executable.ends_with(kDeleted)) {
    executable.resize(executable.size() - kDeleted.size());
  }
  std::ifstream file(executable + ".faults");
  Faults faults;
  std::string word;
  int32_t id;
  while (file >> word >> id) {
    if (word == "abort") faults.abort.insert(id);
    if (word == "hang") faults.hang.insert(id);
    if (word == "throw") faults.thrown.insert(id);
    if (word == "abort-sampling") faults.abort_sampling.insert(id);
  }
  return faults;
}

const Faults& faults() {
  static const Faults all = read_faults();
  return all;
}

}  // namespace

extern "C" {

void __real__ZN10sparkllama6Runner4stepEPSt4byte(Runner* runner, std::byte* buffer);

void __wrap__ZN10sparkllama6Runner4stepEPSt4byte(Runner* runner, std::byte* buffer) {
  const BatchView batch(runner->layout(), buffer);
  for (int32_t t = 0; t < batch.header(HeaderWord::kTokens); ++t) {
    const int32_t id = batch.integers(BatchSection::kTokenId)[t];
    if (faults().abort.contains(id)) {
      std::abort();
    }
    while (faults().hang.contains(id)) {
      ::pause();
    }
    if (faults().thrown.contains(id)) {
      throw std::length_error("planted, of no kind that the engine knows");
    }
  }
  __real__ZN10sparkllama6Runner4stepEPSt4byte(runner, buffer);
}

Sampled __real__ZN10sparkllama7Sampler6sampleEPKfRKNS_10RowMeasureERKNS_18SamplingParametersE(
    Sampler* sampler, const float* logits, const RowMeasure& measure,
    const SamplingParameters& parameters);

Sampled __wrap__ZN10sparkllama7Sampler6sampleEPKfRKNS_10RowMeasureERKNS_18SamplingParametersE(
    Sampler* sampler, const float* logits, const RowMeasure& measure,
    const SamplingParameters& parameters) {
  const Sampled sampled =
      __real__ZN10sparkllama7Sampler6sampleEPKfRKNS_10RowMeasureERKNS_18SamplingParametersE(
          sampler, logits, measure, parameters);
  if (faults().abort_sampling.contains(sampled.id)) {
    std::abort();
  }
  return sampled;
}

}  // extern "C"
