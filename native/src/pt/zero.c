#include "pt/zero.h"

#include <stddef.h>
#include <string.h>

#include "base/bits.h"
#include "base/config.h"

void page_zero_portable(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

/* ThreadSanitizer watches memset as one access of a page, and vector stores one by one. */
#if VMALOCK_ARCH_X86 && !VMALOCK_TSAN

#include <immintrin.h>

static __attribute__((target("avx2"))) void page_zero_avx2(void *page)
{
	__m256i *to = page, zero = _mm256_setzero_si256();

	/* Eight stores a turn: two cache lines' worth of a pair, which the core fetches together. */
	for (size_t i = 0; i < PAGE_SIZE / sizeof(*to); i += 8) {
		_mm256_store_si256(&to[i], zero);
		_mm256_store_si256(&to[i + 1], zero);
		_mm256_store_si256(&to[i + 2], zero);
		_mm256_store_si256(&to[i + 3], zero);
		_mm256_store_si256(&to[i + 4], zero);
		_mm256_store_si256(&to[i + 5], zero);
		_mm256_store_si256(&to[i + 6], zero);
		_mm256_store_si256(&to[i + 7], zero);
	}
}

page_zero_fn *page_zero_choose(void)
{
	return __builtin_cpu_supports("avx2") ? page_zero_avx2 : page_zero_portable;
}

#else

page_zero_fn *page_zero_choose(void)
{
	return page_zero_portable;
}

#endif
