/*
 * embed.c - the C library inside another simulator: a space, a fault from an x86 error code, bytes
 *
 *   cmake -S . -B build/c && cmake --build build/c && cmake --install build/c --prefix /usr/local
 *   cc examples/embed.c $(pkg-config --cflags --libs vmalock) -o embed
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <vmalock.h>

#define X86_WRITE_BY_USER 0x6u

/* Ends the program with the library's own words when a call was refused. */
static void must(int err)
{
	if (!err)
		return;
	fprintf(stderr, "%s: %s\n", vmalock_error_name(err), vmalock_error_text(err));
	exit(1);
}

int main(void)
{
	struct vmalock_options options;
	struct vmalock_status status;
	vmalock_mm *mm;
	uint64_t addr;
	char text[6] = "";
	size_t done;

	vmalock_options_init(&options);
	options.policy = "per-vma";
	must(vmalock_mm_create(&options, &mm));

	must(vmalock_mm_map(mm, 0x100000, 4 * VMALOCK_PAGE_SIZE, VMALOCK_PROT_READ | VMALOCK_PROT_WRITE,
			    VMALOCK_MAP_PRIVATE | VMALOCK_MAP_ANONYMOUS, NULL, 0, &addr));
	if (vmalock_mm_fault_arch(mm, VMALOCK_ARCH_X86_64, addr, X86_WRITE_BY_USER) != VMALOCK_FAULT_MINOR)
		puts("the first fault needed mmap_lock");
	if (vmalock_mm_fault_arch(mm, VMALOCK_ARCH_X86_64, addr + VMALOCK_PAGE_SIZE, X86_WRITE_BY_USER) &
	    VMALOCK_FAULT_VMA_LOCK)
		puts("the second was served under the lock of its VMA");

	must(vmalock_mm_write(mm, addr, "hello", 5, &done));
	must(vmalock_mm_read(mm, addr, text, 5, &done));
	vmalock_mm_status(mm, &status);
	printf("%s from %" PRIx64 ", %" PRIu64 " bytes resident\n", text, addr, status.vm_rss);
	vmalock_mm_put(mm);
	return 0;
}
