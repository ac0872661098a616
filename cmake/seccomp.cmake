# The default seccomp policy becomes BPF while building: a small tool made of the runtime's own table writes the filters
# as source, which goes into creel_runtime.
set(runtime ${CMAKE_SOURCE_DIR}/engine/runtime)
set(CREEL_DEFAULT_FILTERS ${CMAKE_BINARY_DIR}/generated/default_filters.cc)

add_executable(make-default-filters
  ${runtime}/tools/make_default_filters.cc ${runtime}/capabilities.cc
  ${runtime}/seccomp/policy.cc ${runtime}/seccomp/default_policy.cc
  ${runtime}/seccomp/bpf.cc ${runtime}/seccomp/conditions.cc ${runtime}/seccomp/verdicts.cc)
target_link_libraries(make-default-filters PRIVATE creel_base ${SECCOMP_STATIC})
set_target_properties(make-default-filters PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tools)

add_custom_command(OUTPUT ${CREEL_DEFAULT_FILTERS}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated
  COMMAND make-default-filters ${CREEL_DEFAULT_FILTERS}
  DEPENDS make-default-filters
  COMMENT "Compiling the default seccomp policy" VERBATIM)
target_sources(creel_runtime PRIVATE ${CREEL_DEFAULT_FILTERS})
