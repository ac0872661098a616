#include "cmd/system/completion.h"

#include <cstdio>

#include "base/text.h"
#include "cmd/help.h"

namespace creel::cmd {
namespace {

// The front ends. They share functions that the generator writes: _creel_commands GROUP, _creel_flags PATH,
// _creel_valued PATH, _creel_choices "PATH FLAG", _creel_names PATH.
constexpr const char* kWalk = R"sh(
# Sets creel_path (the command typed so far) and creel_args (its positional arguments before the cursor).
_creel_walk() {
  creel_path= creel_args=0
  local word skip=
  for word in "$@"; do
    if [ -n "$skip" ]; then skip=; continue; fi
    case "$word" in
      -*=*) continue ;;
      -*)
        case " $(_creel_valued "$creel_path") " in *" $word "*) skip=1 ;; esac
        continue ;;
    esac
    case "$creel_path" in
      '') creel_path=$word ;;
      container|image|secret|system|volume) creel_path="$creel_path $word" ;;
      *) creel_args=$((creel_args + 1)) ;;
    esac
  done
}
# What may stand at the cursor: $1 the word being typed, $2 the word before it.
_creel_candidates() {
  case " $(_creel_valued "$creel_path") " in
    *" $2 "*) _creel_choices "$creel_path $2"; return ;;
  esac
  case "$1" in
    -*) _creel_flags "$creel_path"; return ;;
  esac
  case "$creel_path" in
    ''|container|image|secret|system|volume) _creel_commands "$creel_path"; return ;;
  esac
  local kind
  kind=$(_creel_names "$creel_path")
  case "$kind" in
    first-*) [ "$creel_args" -eq 0 ] || return; kind=${kind#first-} ;;
  esac
  [ -n "$kind" ] && command creel __complete "$kind" 2>/dev/null
}
)sh";

constexpr const char* kBash = R"sh(
_creel() {
  local creel_path creel_args cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  if declare -F _get_comp_words_by_ref >/dev/null; then
    local words cword
    _get_comp_words_by_ref -n =: cur prev words cword
    _creel_walk "${words[@]:1:cword-1}"
  else
    _creel_walk "${COMP_WORDS[@]:1:COMP_CWORD-1}"
  fi
  local IFS=$' \t\n'
  COMPREPLY=($(compgen -W "$(_creel_candidates "$cur" "$prev")" -- "$cur"))
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -o default -F _creel creel
)sh";

constexpr const char* kZsh = R"sh(
_creel() {
  local creel_path creel_args
  _creel_walk "${(@)words[2,CURRENT-1]}"
  local -a found
  found=(${=$(_creel_candidates "${words[CURRENT]}" "${words[CURRENT-1]}")})
  if (( ${#found} )); then compadd -- $found; else _files; fi
}
if [ "$funcstack[1]" = _creel ]; then _creel "$@"; else compdef _creel creel; fi
)sh";

constexpr const char* kFish = R"sh(function __creel_path
    set -l path
    for word in (commandline -opc)[2..-1]
        if string match -q -- '-*' $word
            continue
        end
        switch "$path"
            case ''
                set path $word
            case container image secret system volume
                set path "$path $word"
        end
    end
    echo "$path"
end
function __creel_at
    test (__creel_path) = "$argv[1]"
end
complete -c creel -f
)sh";

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out += '\'';
}

std::vector<FlagInfo> visible_flags(const Command& command) {
  Flags flags;
  command.make()->declare(flags);
  std::vector<FlagInfo> out;
  for (const FlagInfo& info : flags.infos()) {
    if (!info.hidden) out.push_back(info);
  }
  return out;
}

// What the positional arguments of a command name: "containers", "images", "any"; "first-…" when only the first does.
std::string names_kind(const Command& command) {
  const std::string_view usage = command.usage;
  const std::string_view path = command.path;
  if (usage.find("{CONTAINER|IMAGE}") != std::string_view::npos) return "any";
  if (path == "pull" || path == "image pull") return "images";
  for (const auto& [word, kind] : {std::pair{"VOLUME", "volumes"}, std::pair{"SECRET", "secrets"}}) {
    if (usage.find(std::string("[") + word + "...") != std::string_view::npos) return kind;
    if (usage.find(word) != std::string_view::npos) return std::string("first-") + kind;
  }
  const bool container = usage.find("CONTAINER") != std::string_view::npos;
  if (!container && usage.find("IMAGE") == std::string_view::npos) return {};
  const bool repeated = usage.find(container ? "[CONTAINER..." : "[IMAGE...") != std::string_view::npos;
  const std::string_view last = path.substr(path.rfind(' ') == std::string_view::npos ? 0 : path.rfind(' ') + 1);
  const bool running = last == "exec" || last == "stop" || last == "kill" || last == "attach";
  return (repeated ? "" : "first-") + std::string(!container ? "images" : running ? "running" : "containers");
}

using Entries = std::vector<std::pair<std::string, std::string>>;

std::string case_function(const std::string& name, const Entries& entries) {
  std::string out = name + "() {\n  case \"$1\" in\n";
  for (const auto& [key, value] : entries) {
    if (!value.empty()) out += "    " + shell_quoted(key) + ") echo " + shell_quoted(value) + " ;;\n";
  }
  return out + "  esac\n}\n";
}

std::string shell_data() {
  Entries commands;
  Entries all_flags = {{"", "--help --version --root --runroot --log-level"}};
  Entries valued = {{"", "--root --runroot --log-level"}};
  Entries choices;
  Entries names;
  for (const char* group : {"", "container", "image", "secret", "system", "volume"}) {
    std::vector<std::string> words;
    for (const Listed& listed : listed_commands(group)) words.push_back(listed.name);
    commands.emplace_back(group, join(words, " "));
  }
  for (const Command& command : table()) {
    if (command.hidden) continue;
    std::vector<std::string> words = {"--help"};
    std::vector<std::string> with_value;
    for (const FlagInfo& info : visible_flags(command)) {
      for (const std::string& name : split(info.names, ',')) {
        words.push_back(name);
        if (!info.boolean) with_value.push_back(name);
        if (!info.choices.empty())
          choices.emplace_back(std::string(command.path) + " " + name, join(info.choices, " "));
      }
    }
    all_flags.emplace_back(command.path, join(words, " "));
    valued.emplace_back(command.path, join(with_value, " "));
    names.emplace_back(command.path, names_kind(command));
  }
  return case_function("_creel_commands", commands) + case_function("_creel_flags", all_flags) +
         case_function("_creel_valued", valued) + case_function("_creel_choices", choices) +
         case_function("_creel_names", names);
}

std::string fish_flag(const std::string& condition, const FlagInfo& info) {
  std::string out = "complete -c creel -n " + condition;
  for (const std::string& name : split(info.names, ',')) {
    out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!info.boolean) out += info.choices.empty() ? " -r -F" : " -x -a " + shell_quoted(join(info.choices, " "));
  return out + " -d " + shell_quoted(info.help) + "\n";
}

std::string fish_script() {
  std::string out = kFish;
  for (const char* group : {"", "container", "image", "system"}) {
    const std::string condition = shell_quoted("__creel_at \"" + std::string(group) + "\"");
    for (const Listed& listed : listed_commands(group)) {
      out += "complete -c creel -n " + condition + " -a " + listed.name + " -d " + shell_quoted(listed.summary) + "\n";
    }
  }
  for (const Command& command : table()) {
    if (command.hidden) continue;
    const std::string condition = shell_quoted("__creel_at \"" + std::string(command.path) + "\"");
    for (const FlagInfo& info : visible_flags(command)) out += fish_flag(condition, info);
    std::string kind = names_kind(command);
    if (kind.starts_with("first-")) kind = kind.substr(6);
    if (!kind.empty()) {
      out += "complete -c creel -n " + condition + " -a '(command creel __complete " + kind + " 2>/dev/null)'\n";
    }
  }
  return out;
}

}  // namespace

Result<int> CompletionCommand::run(Context&) {
  const std::string& shell = arguments_[0];
  std::string script;
  if (shell == "bash") {
    script = "# bash completion for creel, written by `creel __completion bash`\n" + shell_data() + kWalk + kBash;
  } else if (shell == "zsh") {
    script = "#compdef creel\n# written by `creel __completion zsh`\n" + shell_data() + kWalk + kZsh;
  } else if (shell == "fish") {
    script = "# fish completion for creel, written by `creel __completion fish`\n" + fish_script();
  } else if (shell == "powershell") {
    return fail(Code::kUnsupported, "completion for powershell is not built yet");
  } else {
    return fail(Code::kInvalid, "unknown shell \"" + shell + "\": choose from bash, zsh, fish");
  }
  std::fputs(script.c_str(), stdout);
  return 0;
}

}  // namespace creel::cmd
