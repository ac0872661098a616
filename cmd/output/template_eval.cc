#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cmd/output/output.h"
#include "cmd/output/template_ast.h"

namespace creel::cmd {
namespace tmpl {
namespace {

using nlohmann::json;

// Either somebody else's value (the document outlives the evaluation) or one of its own.
struct Value {
  const json* borrowed = nullptr;
  std::shared_ptr<const json> owned;
  bool map = false;      // an object with the user's keys (labels), not fields
  bool missing = false;  // an absent key of a map
  bool check = false;    // a health check: some of its fields are durations
  bool duration = false;
  [[nodiscard]] const json& get() const { return owned ? *owned : *borrowed; }
};
Value own(json value) {
  return {nullptr, std::make_shared<const json>(std::move(value)), false, false};
}

// Go distinguishes maps from structs; JSON does not. These fields hold maps: an absent key is no mistake.
constexpr std::array kMaps = {"labels",     "annotations",  "ports",       "networks",    "exposedports",
                              "volumes",    "sysctls",      "options",     "data",        "portbindings",
                              "storageopt", "graphoptions", "graphstatus", "runtimeinfo", "registries"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}
bool names_map(std::string_view field) {
  const std::string name = lower(field);
  return std::any_of(kMaps.begin(), kMaps.end(), [&](const char* known) { return name == known; });
}

// Go prints a duration as one; JSON has nanoseconds.
Value typed(Value value, const Value& from, std::string_view field) {
  const std::string name = lower(field);
  value.map = names_map(field);
  value.check = name == "healthcheck" || name == "startuphealthcheck";
  value.duration = from.check && (name == "interval" || name == "timeout" || name == "startperiod" || name == "startinterval");
  return value;
}

std::string text_of(const Value& value) {
  if (value.missing) return "<no value>";
  const json& what = value.get();
  if (value.map && what.is_null()) return "map[]";
  if (value.duration && what.is_number_integer()) return go_duration(what.get<std::uint64_t>());
  return go_text(what);
}

constexpr std::size_t kMostOutput = 64U << 20;

class Evaluator {
 public:
  explicit Evaluator(const json& root) : root_(root) {}

  Result<std::string> run(const std::vector<Node>& nodes) {
    TRY(list(nodes, Value{&root_, {}, false, false}));
    return std::move(out_);
  }

 private:
  enum class Flow : std::uint8_t { kOn, kBreak, kContinue };

  struct Variable {
    std::string name;
    Value value;
  };

  Result<void> list(const std::vector<Node>& nodes, const Value& dot) {
    const std::size_t scope = variables_.size();
    for (const Node& node : nodes) {
      TRY(this->node(node, dot));
      if (flow_ != Flow::kOn) break;
      if (out_.size() > kMostOutput) return template_error("the output is larger than 64 MiB");
    }
    variables_.resize(scope);
    return {};
  }

  Result<void> node(const Node& node, const Value& dot) {
    switch (node.kind) {
      case Node::Kind::kText:
        out_ += node.text;
        return {};
      case Node::Kind::kBreak:
        flow_ = Flow::kBreak;
        return {};
      case Node::Kind::kContinue:
        flow_ = Flow::kContinue;
        return {};
      case Node::Kind::kAction: {
        TRY_SET(Value value, pipeline(node.pipeline, dot));
        if (!node.pipeline.variables.empty()) return declare(node.pipeline, value);
        out_ += text_of(value);
        return {};
      }
      case Node::Kind::kIf:
      case Node::Kind::kWith: {
        const std::size_t scope = variables_.size();
        TRY_SET(Value value, pipeline(node.pipeline, dot));
        TRY(declare(node.pipeline, value));
        const bool yes = !value.missing && go_truth(value.get());
        if (yes) {
          TRY(list(node.body, node.kind == Node::Kind::kWith ? value : dot));
        } else {
          TRY(list(node.otherwise, dot));
        }
        variables_.resize(scope);
        return {};
      }
      case Node::Kind::kRange:
        return range(node, dot);
    }
    return {};
  }

  Result<void> declare(const Pipeline& pipe, const Value& value) {
    for (const std::string& name : pipe.variables) {
      if (!pipe.assign) {
        variables_.push_back({name, value});
        continue;
      }
      const auto found = std::find_if(variables_.rbegin(), variables_.rend(),
                                      [&](const Variable& variable) { return variable.name == name; });
      if (found == variables_.rend()) return template_error("undefined variable \"$" + name + "\"");
      found->value = value;
    }
    return {};
  }

  // One turn of a range: false when {{break}} ended it.
  Result<bool> turn(const Node& node, const json& key, const Value& element) {
    const std::size_t scope = variables_.size();
    const std::vector<std::string>& names = node.pipeline.variables;
    if (names.size() == 1) variables_.push_back({names[0], element});
    if (names.size() == 2) {
      variables_.push_back({names[0], own(key)});
      variables_.push_back({names[1], element});
    }
    TRY(list(node.body, element));
    variables_.resize(scope);
    const bool go_on = flow_ != Flow::kBreak;
    flow_ = Flow::kOn;
    return go_on;
  }

  Result<void> range(const Node& node, const Value& dot) {
    TRY_SET(Value over, pipeline(node.pipeline, dot));
    const json& value = over.get();
    if (over.missing || !go_truth(value)) return list(node.otherwise, dot);
    if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        TRY_SET(const bool go_on, turn(node, i, Value{&value[i], {}, false, false}));
        if (!go_on) return {};
      }
      return {};
    }
    if (value.is_object()) {
      for (auto it = value.begin(); it != value.end(); ++it) {
        TRY_SET(const bool go_on, turn(node, it.key(), Value{&it.value(), {}, false, false}));
        if (!go_on) return {};
      }
      return {};
    }
    if (value.is_number_integer()) {
      for (std::int64_t i = 0; i < value.get<std::int64_t>(); ++i) {
        TRY_SET(const bool go_on, turn(node, i, own(i)));
        if (!go_on) return {};
        if (out_.size() > kMostOutput || i > 1'000'000) return template_error("the range is too long");
      }
      return {};
    }
    return template_error("range can't iterate over " + go_text(value));
  }

  Result<Value> pipeline(const Pipeline& pipe, const Value& dot) {
    std::optional<Value> last;
    for (const Call& call : pipe.calls) {
      TRY_SET(Value value, this->call(call, dot, last));
      last = std::move(value);
    }
    return *last;
  }

  Result<Value> call(const Call& call, const Value& dot, const std::optional<Value>& last) {
    const Operand& head = call.words[0];
    if (head.kind == Operand::Kind::kFunction) return function(call, dot, last);
    // Docker's and Podman's rows have one method: .Label "key".
    if (!head.fields.empty() && head.fields.back() == "Label" && (call.words.size() == 2 || last)) {
      return label(call, dot, last);
    }
    if (call.words.size() > 1 || last) {
      return template_error("can't give argument to non-function " + head.source);
    }
    return operand(head, dot);
  }

  Result<Value> label(const Call& call, const Value& dot, const std::optional<Value>& last) {
    Operand labels = call.words[0];
    labels.fields.back() = "Labels";
    TRY_SET(Value map, operand(labels, dot));
    Value key;
    if (call.words.size() == 2) {
      TRY_SET(key, operand(call.words[1], dot));
    } else {
      key = *last;
    }
    if (!map.get().is_object() || !key.get().is_string()) return own("");
    return own(map.get().value(key.get().get_ref<const std::string&>(), json("")));
  }

  Result<Value> function(const Call& call, const Value& dot, const std::optional<Value>& last) {
    const std::string& name = call.words[0].name;
    if (name == "and" || name == "or") {
      std::optional<Value> result;
      for (std::size_t i = 1; i < call.words.size(); ++i) {
        TRY_SET(result, operand(call.words[i], dot));
        if ((result->missing ? false : go_truth(result->get())) == (name == "or")) return *result;
      }
      if (last) result = last;
      if (!result) return template_error("wrong number of args for " + name + ": want at least 1 got 0");
      return *result;
    }
    std::vector<json> arguments;
    for (std::size_t i = 1; i < call.words.size(); ++i) {
      TRY_SET(Value value, operand(call.words[i], dot));
      arguments.push_back(value.get());
    }
    if (last) arguments.push_back(last->get());
    TRY_SET(json result, call_function(name, arguments));
    return own(std::move(result));
  }

  Result<Value> operand(const Operand& operand, const Value& dot) {
    Value value;
    switch (operand.kind) {
      case Operand::Kind::kDot:
        value = dot;
        break;
      case Operand::Kind::kVariable: {
        if (operand.name.empty()) {
          value = Value{&root_, {}, false, false};
          break;
        }
        const auto found = std::find_if(variables_.rbegin(), variables_.rend(),
                                        [&](const Variable& variable) { return variable.name == operand.name; });
        if (found == variables_.rend()) return template_error("undefined variable \"$" + operand.name + "\"");
        value = found->value;
        break;
      }
      case Operand::Kind::kLiteral:
        value = Value{operand.literal.get(), {}, false, false};
        break;
      case Operand::Kind::kParentheses: {
        TRY_SET(value, pipeline(*operand.inner, dot));
        break;
      }
      case Operand::Kind::kFunction: {
        TRY_SET(json result, call_function(operand.name, {}));
        value = own(std::move(result));
        break;
      }
    }
    for (const std::string& field : operand.fields) {
      TRY_SET(value, this->field(value, field, operand.source));
    }
    return value;
  }

  Result<Value> field(const Value& from, const std::string& name, const std::string& source) {
    const json& object = from.get();
    if (from.missing || object.is_null()) {
      if (from.missing || from.map) return Value{&null_, {}, true, true};
      return template_error("at <" + source + ">: nil pointer evaluating field " + name);
    }
    if (!object.is_object()) {
      return template_error("at <" + source + ">: can't evaluate field " + name + " in " + go_text(object));
    }
    auto found = object.find(name);
    if (found == object.end() && !from.map) {
      const std::string wanted = lower(name);
      for (auto it = object.begin(); it != object.end(); ++it) {
        if (lower(it.key()) == wanted) found = it;
      }
    }
    if (found != object.end()) {
      // A field of an owned value keeps its owner alive.
      Value out;
      if (from.owned) {
        out.owned = std::shared_ptr<const json>(from.owned, &*found);
      } else {
        out.borrowed = &*found;
      }
      return typed(std::move(out), from, name);
    }
    if (from.map) return Value{&null_, {}, false, true};
    std::vector<std::string> candidates;
    for (auto it = object.begin(); it != object.end(); ++it) candidates.push_back(it.key());
    Error error = template_error("at <" + source + ">: can't evaluate field " + name);
    if (const std::string near = closest(name, candidates); !near.empty()) error.hint = "Did you mean ." + near + "?";
    return error;
  }

  const json& root_;
  const json null_;
  std::vector<Variable> variables_;
  std::string out_;
  Flow flow_ = Flow::kOn;
};

}  // namespace
}  // namespace tmpl

Result<std::string> render_template(const std::string& text, const nlohmann::json& dot) {
  TRY_SET(const auto nodes, tmpl::parse_template(text));
  return tmpl::Evaluator(dot).run(nodes);
}

}  // namespace creel::cmd
