# The Node-API addon, when cmake-js runs CMake (npm run build:cmake). The same flags as binding.gyp: scripts/addon.cjs.
file(GLOB VMALOCK_BINDING_SOURCES CONFIGURE_DEPENDS native/binding/*.cc)
if(NOT VMALOCK_BINDING_SOURCES)
  message(FATAL_ERROR "no sources in native/binding")
endif()

function(addon_words variable name)
  execute_process(COMMAND node scripts/addon.cjs ${name} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    OUTPUT_VARIABLE words COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(words)
  set(${variable} ${words} PARENT_SCOPE)
endfunction()

addon_words(ADDON_DEFINES defines)
addon_words(ADDON_LINK_FLAGS linkFlags)
add_library(vmalock_addon MODULE ${VMALOCK_BINDING_SOURCES} ${CMAKE_JS_SRC})
set_target_properties(vmalock_addon PROPERTIES
  OUTPUT_NAME vmalock PREFIX "" SUFFIX .node INSTALL_RPATH "$ORIGIN" BUILD_WITH_INSTALL_RPATH ON)
target_include_directories(vmalock_addon SYSTEM PRIVATE ${CMAKE_JS_INC})
target_compile_definitions(vmalock_addon PRIVATE
  ${ADDON_DEFINES} BUILDING_NODE_EXTENSION NODE_GYP_MODULE_NAME=vmalock)
target_link_options(vmalock_addon PRIVATE ${ADDON_LINK_FLAGS})
# the core is an archive: take all of it, as node-gyp does
target_link_libraries(vmalock_addon PRIVATE vmalock vmalock_flags ${CMAKE_JS_LIB})
