#include "engine/runtime/child/plan.h"

#include "engine/runtime/child/plan_fields.h"
#include "engine/runtime/child/wire.h"

namespace creel::engine::runtime {

namespace {

// "CRPL", and a number to be raised with every change of the fields.
constexpr std::uint32_t kMagic = 0x4c505243;
constexpr std::uint32_t kVersion = 2;

template <typename T>
std::string encode_any(const T& value) {
  Writer writer;
  writer.put(kMagic);
  writer.put(kVersion);
  writer.put(value);
  return writer.take();
}

template <typename T>
Result<T> decode_any(std::string_view bytes, const char* what) {
  Reader reader(bytes);
  std::uint32_t magic = 0;
  std::uint32_t version = 0;
  reader.get(magic);
  reader.get(version);
  if (magic != kMagic || version != kVersion) {
    return fail(Code::kInvalid, std::string("this is not a ") + what + " of this version")
        .with_hint("creel and creel-monitor must come from the same installation");
  }
  T value;
  reader.get(value);
  if (!reader.complete()) return fail(Code::kInvalid, std::string("the ") + what + " is damaged");
  return value;
}

}  // namespace

std::string encode(const Plan& plan) { return encode_any(plan); }
Result<Plan> decode_plan(std::string_view bytes) { return decode_any<Plan>(bytes, "container plan"); }
std::string encode(const ProcessPlan& plan) { return encode_any(plan); }
Result<ProcessPlan> decode_process_plan(std::string_view bytes) { return decode_any<ProcessPlan>(bytes, "process plan"); }

std::string encode(const Error& error) {
  Writer writer;
  writer.put(error.code);
  writer.put(error.err);
  writer.put(error.text);
  writer.put(error.hint);
  return writer.take();
}

Error decode_error(std::string_view bytes) {
  Reader reader(bytes);
  Error error;
  reader.all(error.code, error.err, error.text, error.hint);
  if (reader.spoiled()) return fail(Code::kFailed, "the container's first process sent a damaged error");
  return error;
}

}  // namespace creel::engine::runtime
