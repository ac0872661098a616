# Commands and flags come from the program itself, IDs from its state.
_creel_runtime() {
  local word=${COMP_WORDS[COMP_CWORD]} command= i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      --root | --log | --log-format | --log-level | --rootless) ((++i)) ;;
      -*) ;;
      *) command=${COMP_WORDS[i]}; break ;;
    esac
  done
  local words
  if [[ $word == -* ]]; then
    words=$(creel-runtime $command --help 2>/dev/null | grep -o -e '--[a-z][a-z-]*')
  elif [[ -z $command ]]; then
    words=$(creel-runtime __commands)
  else
    words=$(creel-runtime list -q 2>/dev/null)
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _creel_runtime creel-runtime
