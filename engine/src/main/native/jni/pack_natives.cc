#include "jni/pack_natives.h"

#include <iterator>
#include <limits>

#include "cpu/weight_packing.h"
#include "jni/guard.h"
#include "jni/values.h"

namespace sparkllama {
namespace {

// Most rows or columns of a matrix: keeps every product below 2^63.
constexpr int64_t kMost = std::numeric_limits<int32_t>::max();

// Bytes of a row as the file has it, of a type and a number of columns that exist.
int64_t checked_row_bytes(jint type, int64_t columns) {
  const bool known = is_tensor_type(type) && columns >= 1 && columns <= kMost;
  const int64_t bytes = known ? row_bytes(static_cast<TensorType>(type), columns) : -1;
  if (bytes < 0) {
    throw EngineError("No weight row has this type and this many columns: type " +
                      std::to_string(type) + ", " + std::to_string(columns) + " columns");
  }
  return bytes;
}

void require_size(const char* what, std::span<const std::byte> buffer, int64_t expected) {
  if (static_cast<int64_t>(buffer.size()) != expected) {
    throw EngineError(
        "A buffer to pack weights has another size than its contents: " + std::string(what) + ", " +
        std::to_string(buffer.size()) + " bytes, expected " + std::to_string(expected));
  }
}

void pack_checked(jint type, std::span<const std::byte> rows, int64_t row_count, int64_t columns,
                  std::span<std::byte> panels) {
  const int64_t bytes = checked_row_bytes(type, columns);
  if (row_count < 1 || row_count > kMost) {
    throw EngineError("The number of weight rows to pack is out of bounds: " +
                      std::to_string(row_count));
  }
  const auto tensor_type = static_cast<TensorType>(type);
  require_size("rows", rows, row_count * bytes);
  require_size("panels", panels, panel_count(row_count) * panel_bytes(tensor_type, columns));
  if (reinterpret_cast<uintptr_t>(panels.data()) % kStepBytes != 0) {
    throw EngineError("A buffer of packed weights must begin on a border of 64 bytes");
  }
  pack_rows(tensor_type, rows.data(), row_count, columns, panels.data());
}

jint layout_version(JNIEnv*, jclass) { return jint{kPackedLayoutVersion}; }

jlong panel_size(JNIEnv* env, jclass, jint type, jlong columns) {
  return guarded(env, [&] {
    checked_row_bytes(type, columns);
    return jlong{panel_bytes(static_cast<TensorType>(type), columns)};
  });
}

void pack(JNIEnv* env, jclass, jint type, jobject rows, jlong row_count, jlong columns,
          jobject panels) {
  guarded(env, [&] {
    pack_checked(type, direct_bytes(env, rows), row_count, columns, direct_bytes(env, panels));
  });
}

}  // namespace

bool bind_pack_natives(JNIEnv* env) {
  jclass natives = env->FindClass("io/sparkllama/engine/jni/PackNatives");
  if (natives == nullptr) {
    return false;
  }
  // JNI takes names as char* but does not write to them.
  const JNINativeMethod methods[] = {
      {const_cast<char*>("layoutVersion"), const_cast<char*>("()I"),
       reinterpret_cast<void*>(layout_version)},
      {const_cast<char*>("panelBytes"), const_cast<char*>("(IJ)J"),
       reinterpret_cast<void*>(panel_size)},
      {const_cast<char*>("packRows"),
       const_cast<char*>("(ILjava/nio/ByteBuffer;JJLjava/nio/ByteBuffer;)V"),
       reinterpret_cast<void*>(pack)},
  };
  return env->RegisterNatives(natives, methods, std::size(methods)) == JNI_OK;
}

}  // namespace sparkllama
