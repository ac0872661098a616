# ctest entries beyond the unit tests: lint, functional (bats), perf and fresh.

foreach(name layering size assertions)
  add_test(NAME lint/${name} COMMAND ${CMAKE_SOURCE_DIR}/tests/lint/${name})
  set_tests_properties(lint/${name} PROPERTIES LABELS lint TIMEOUT 60)
endforeach()
