# vmalock-bench: the native benchmarks (docs/benchmarking.md). Not in sanitizer and cross builds, whose times mean nothing.
#
# absl (libabsl-dev) gives one more peer where it is installed. The binary says which commit it measures, so that is asked
# at each build and not when CMake runs.
if(VMALOCK_SANITIZE OR CMAKE_CROSSCOMPILING)
  set(_bench_default OFF)
else()
  set(_bench_default ON)
endif()
option(VMALOCK_BENCH "build the native benchmarks" ${_bench_default})
if(NOT VMALOCK_BENCH)
  return()
endif()

find_package(absl QUIET)

set(_commit_header ${CMAKE_CURRENT_BINARY_DIR}/bench/bench_commit.h)
add_custom_target(bench_commit
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_CURRENT_SOURCE_DIR} -DHEADER=${_commit_header}
          -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/bench_commit.cmake
  BYPRODUCTS ${_commit_header})

file(GLOB_RECURSE VMALOCK_BENCH_SOURCES CONFIGURE_DEPENDS bench/native/*.c bench/native/*.cc)
add_executable(vmalock-bench ${VMALOCK_BENCH_SOURCES})
add_dependencies(vmalock-bench bench_commit)
target_include_directories(vmalock-bench PRIVATE bench/native ${CMAKE_CURRENT_BINARY_DIR}/bench)
target_link_libraries(vmalock-bench PRIVATE vmalock vmalock_flags)
if(TARGET absl::btree)
  target_link_libraries(vmalock-bench PRIVATE absl::btree)
  target_compile_definitions(vmalock-bench PRIVATE BENCH_HAVE_ABSL=1)
else()
  target_compile_definitions(vmalock-bench PRIVATE BENCH_HAVE_ABSL=0)
endif()

if(VMALOCK_TESTS)
  add_test(NAME bench.quick COMMAND vmalock-bench --quick --json ${CMAKE_CURRENT_BINARY_DIR}/bench/quick.jsonl)
  set_tests_properties(bench.quick PROPERTIES TIMEOUT ${VMALOCK_TEST_TIMEOUT})
endif()
