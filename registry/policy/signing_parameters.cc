#include "registry/policy/signing_parameters.h"

#include <yaml-cpp/yaml.h>

namespace creel::registry::policy {

Result<SigningParameters> parse_signing_parameters(const std::string& text, const std::string& file) {
  SigningParameters out;
  // yaml-cpp tells by exceptions alone.
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) return fail(Code::kInvalid, file + " holds no signing parameters");
    for (const auto& entry : root) {
      const auto key = entry.first.as<std::string>();
      if (key == "privateKeyFile") {
        out.key_file = entry.second.as<std::string>();
      } else if (key == "privateKeyPassphraseFile") {
        out.passphrase_file = entry.second.as<std::string>();
      } else if (key == "fulcio" || key == "rekorURL") {
        return fail(Code::kUnsupported,
                    file + ": " + key + ": signing with certificates and public logs is not supported")
            .with_hint("sign with a key: privateKeyFile");
      } else {
        return fail(Code::kInvalid, file + ": unknown parameter \"" + key + "\"");
      }
    }
  } catch (const YAML::Exception& e) {
    return fail(Code::kInvalid, file + ": " + e.what());
  }
  if (out.key_file.empty()) return fail(Code::kInvalid, file + " names no privateKeyFile");
  return out;
}

}  // namespace creel::registry::policy
