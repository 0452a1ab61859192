# What `cmake --install` puts on a system: libvmalock.so with nothing but the C API in it, headers, and what CMake and
# pkg-config need to find them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

add_library(vmalock_shared SHARED $<TARGET_OBJECTS:vmalock>)
set_target_properties(vmalock_shared PROPERTIES
  OUTPUT_NAME vmalock EXPORT_NAME vmalock VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  LINKER_LANGUAGE C)
target_include_directories(vmalock_shared INTERFACE
  $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/native/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# nodelete: RCU's helper thread and the hooks at the end of threads outlive a dlclose
target_link_options(vmalock_shared PRIVATE -Wl,-z,nodelete)
target_link_libraries(vmalock_shared PRIVATE Liburcu::memb Threads::Threads vmalock_flags)

install(TARGETS vmalock_shared EXPORT vmalock LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY native/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

set(VMALOCK_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/vmalock)
install(EXPORT vmalock NAMESPACE vmalock:: FILE vmalockTargets.cmake DESTINATION ${VMALOCK_CMAKE_DIR})
configure_package_config_file(cmake/vmalockConfig.cmake.in vmalockConfig.cmake INSTALL_DESTINATION ${VMALOCK_CMAKE_DIR})
write_basic_package_version_file(vmalockConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/vmalockConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/vmalockConfigVersion.cmake
  DESTINATION ${VMALOCK_CMAKE_DIR})

configure_file(cmake/vmalock.pc.in vmalock.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/vmalock.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
