# ctest entries beyond the unit tests. Labels: lint, functional, functional-root, host, perf, fresh, fault; ./check runs the
# first four.

foreach(name layering size assertions differences)
  add_test(NAME lint/${name} COMMAND ${CMAKE_SOURCE_DIR}/tests/lint/${name})
  set_tests_properties(lint/${name} PROPERTIES LABELS lint TIMEOUT 60)
endforeach()
if(TARGET creel)
  # What the program says of itself: every command documented, no library that costs milliseconds before main().
  foreach(name documented linkage options)
    add_test(NAME lint/${name} COMMAND ${CMAKE_SOURCE_DIR}/tests/lint/${name} ${CMAKE_BINARY_DIR})
    set_tests_properties(lint/${name} PROPERTIES LABELS lint TIMEOUT 60)
  endforeach()

  # One entry per bats file listed in tests/functional/enabled.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/functional/enabled)
  file(STRINGS ${CMAKE_SOURCE_DIR}/tests/functional/enabled enabled REGEX "^[^#]")
  foreach(file ${enabled})
    string(REGEX REPLACE "\\.bats$" "" name ${file})
    set(as_root)
    set(label functional)
    if(name MATCHES "-as-root$")
      set(as_root --as-root)
      set(label functional-root)
    endif()
    add_test(NAME functional/${name}
      COMMAND ${CMAKE_SOURCE_DIR}/scripts/test-run ${as_root} ${CMAKE_SOURCE_DIR}/tests/functional/${file})
    set_tests_properties(functional/${name} PROPERTIES LABELS ${label} TIMEOUT 600
      ENVIRONMENT "CREEL_BUILD=${CMAKE_BINARY_DIR}")
  endforeach()

  # ./check kills at some moments; these at all. The numbers go to the log.
  add_test(NAME fault/kill COMMAND ${CMAKE_SOURCE_DIR}/scripts/test-run ${CMAKE_SOURCE_DIR}/tests/functional/fault.bats)
  add_test(NAME fault/power
    COMMAND ${CMAKE_SOURCE_DIR}/scripts/test-run --as-root ${CMAKE_SOURCE_DIR}/tests/functional/power-as-root.bats)
  set_tests_properties(fault/kill fault/power PROPERTIES LABELS fault TIMEOUT 7200 RUN_SERIAL ON
    ENVIRONMENT "CREEL_BUILD=${CMAKE_BINARY_DIR};FAULT_EVERY=1")
  # A gibibyte of output, ten thousand processes.
  add_test(NAME fault/streams COMMAND ${CMAKE_SOURCE_DIR}/scripts/test-run ${CMAKE_SOURCE_DIR}/tests/functional/streams.bats)
  set_tests_properties(fault/streams PROPERTIES LABELS fault TIMEOUT 3600 RUN_SERIAL ON
    ENVIRONMENT "CREEL_BUILD=${CMAKE_BINARY_DIR};STREAMS=full")
  # 32 processes for five minutes.
  add_test(NAME fault/torture COMMAND ${CMAKE_SOURCE_DIR}/scripts/test-run ${CMAKE_SOURCE_DIR}/tests/functional/torture.bats)
  set_tests_properties(fault/torture PROPERTIES LABELS fault TIMEOUT 3600 RUN_SERIAL ON
    ENVIRONMENT "CREEL_BUILD=${CMAKE_BINARY_DIR};TORTURE=300")

  # Limits hold only where systemd and cgroup v2 are; elsewhere $CREEL_TEST_HOST names such a machine, or they are skipped.
  foreach(kind user login root)
    add_test(NAME host/${kind} COMMAND ${CMAKE_SOURCE_DIR}/tests/host/run ${CMAKE_BINARY_DIR} ${kind})
    set_tests_properties(host/${kind} PROPERTIES LABELS host TIMEOUT 600 SKIP_RETURN_CODE 77)
  endforeach()

  # Never part of ./check: machines are noisy.
  add_test(NAME perf COMMAND ${CMAKE_SOURCE_DIR}/tests/perf/run --build ${CMAKE_BINARY_DIR})
  set_tests_properties(perf PROPERTIES LABELS perf TIMEOUT 3600 RUN_SERIAL ON)
endif()

# The whole way of a newcomer, in a root with nothing installed. Takes long and needs root.
foreach(suite bookworm trixie)
  add_test(NAME fresh/${suite} COMMAND ${CMAKE_SOURCE_DIR}/tests/fresh ${suite})
  set_tests_properties(fresh/${suite} PROPERTIES LABELS fresh TIMEOUT 7200 RUN_SERIAL ON)
endforeach()

# What hostile containers run in escape.bats.
add_executable(attack ${CMAKE_SOURCE_DIR}/tests/functional/attack.cc)
target_compile_options(attack PRIVATE -Wall -Wextra)
target_link_options(attack PRIVATE -static)
set_target_properties(attack PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

# Kills a command in front of its n-th change of a file system, for fault.bats.
add_executable(fault-at ${CMAKE_SOURCE_DIR}/tests/fault/fault_at.cc)
target_compile_options(fault-at PRIVATE -Wall -Wextra)
set_target_properties(fault-at PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

# What tests/perf measures engines against: namespaces, overlay and exec, and nothing else.
add_executable(perf-floor EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/tests/perf/floor.cc)
target_compile_options(perf-floor PRIVATE -Wall -Wextra)
target_link_options(perf-floor PRIVATE -static)
set_target_properties(perf-floor PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
