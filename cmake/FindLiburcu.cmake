# The imported target Liburcu::memb: liburcu's memb flavour, 0.13 or newer.
#
# Asks pkg-config, and where there is none looks where the compiler looks; LIBURCU_ROOT (variable or environment) first.
find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND AND NOT LIBURCU_ROOT)
  pkg_check_modules(PC_LIBURCU QUIET IMPORTED_TARGET GLOBAL liburcu-memb>=0.13)
endif()

set(_liburcu_hints ${LIBURCU_ROOT} $ENV{LIBURCU_ROOT})
find_path(Liburcu_INCLUDE_DIR urcu/urcu-memb.h
  HINTS ${PC_LIBURCU_INCLUDE_DIRS} ${_liburcu_hints}
  PATH_SUFFIXES usr/include/${CMAKE_LIBRARY_ARCHITECTURE} usr/include include)
foreach(part memb common)
  # the name with .so.8 is the proof of 0.13 or newer: older ones are .so.6, and static archives are not PIC
  find_library(Liburcu_${part}_LIBRARY NAMES liburcu-${part}.so.8
    HINTS ${PC_LIBURCU_LIBRARY_DIRS} ${PC_LIBURCU_LIBDIR} ${_liburcu_hints}
    PATH_SUFFIXES usr/lib/${CMAKE_LIBRARY_ARCHITECTURE} usr/lib64 usr/lib lib)
  mark_as_advanced(Liburcu_${part}_LIBRARY)
endforeach()
mark_as_advanced(Liburcu_INCLUDE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Liburcu
  REQUIRED_VARS Liburcu_memb_LIBRARY Liburcu_common_LIBRARY Liburcu_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install liburcu-dev (Debian, Ubuntu), userspace-rcu-devel (Fedora), userspace-rcu-dev (Alpine) or liburcu (Arch), 0.13 or newer")

if(Liburcu_FOUND AND NOT TARGET Liburcu::memb)
  add_library(Liburcu::memb INTERFACE IMPORTED)
  set_target_properties(Liburcu::memb PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES ${Liburcu_INCLUDE_DIR}
    INTERFACE_LINK_LIBRARIES "${Liburcu_common_LIBRARY};${Liburcu_memb_LIBRARY}")
endif()
