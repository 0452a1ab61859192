# Cross build for ppc64le with Debian's compilers; tests run under qemu-user. liburcu: scripts/cross-sysroot.sh ppc64le
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ppc64le)
set(CMAKE_C_COMPILER powerpc64le-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER powerpc64le-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE powerpc64le-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-ppc64le -L /usr/powerpc64le-linux-gnu)
set(LIBURCU_ROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot-ppc64le)
