# Cross build for arm64 with Debian's compilers; tests run under qemu-user. liburcu: scripts/cross-sysroot.sh arm64
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)
set(LIBURCU_ROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot-arm64)
