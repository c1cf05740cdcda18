// Says from which sources this library was built.
#pragma once

namespace sparkllama {

// Returns the digest of the native sources. The library's bytes hold it after the words
// "sparkllama-build-id:", so that it can be read without loading the library.
const char* build_id();

}  // namespace sparkllama
