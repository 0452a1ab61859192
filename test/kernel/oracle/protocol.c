/* protocol.c - what is read, and what is answered */
#include "oracle.h"

static char out[1 << 16];
static size_t out_length;

void flush_out(void)
{
	for (size_t done = 0; done < out_length;) {
		ssize_t n = write(1, out + done, out_length - done);

		if (n <= 0)
			_exit(1);
		done += (size_t)n;
	}
	out_length = 0;
}

void say(const char *format, ...)
{
	va_list args;

	if (out_length > sizeof(out) - 256)
		flush_out();
	va_start(args, format);
	out_length += (size_t)vsnprintf(out + out_length, 256, format, args);
	va_end(args);
}

void say_errno(void)
{
	say("-1 %s\n", strerrorname_np(errno));
}

void say_result(int result)
{
	if (result)
		say_errno();
	else
		say("0 ok\n");
}

void say_address(const void *p)
{
	if (p == MAP_FAILED)
		say_errno();
	else
		say("@%lld ok\n", (long long)((int64_t)((uintptr_t)p - BASE) / (int64_t)PAGE));
}

/* --- words of a line ------------------------------------------------------------------------------------------------ */

char *next_word(void)
{
	return strtok(NULL, " \t\r\n");
}

/* PAGES, PAGES+BYTES or +BYTES. */
bool amount_of(char *word, uint64_t *bytes)
{
	char *plus = word ? strchr(word, '+') : NULL, *end;
	uint64_t whole, rest = 0;

	if (!word || !*word || strspn(word, "0123456789+") != strlen(word) || (plus && !plus[1]))
		return false;
	whole = plus == word ? 0 : strtoull(word, &end, 10);
	if (plus)
		rest = strtoull(plus + 1, &end, 10);
	*bytes = whole * PAGE + rest;
	return whole <= MOST_PAGES && rest <= MOST_PAGES * PAGE;
}

bool amount(uint64_t *bytes)
{
	return amount_of(next_word(), bytes);
}

bool protection(int *prot)
{
	const char *word = next_word();

	if (!word || strspn(word, "rwxd-") != strlen(word))
		return false;
	*prot = (strchr(word, 'r') ? PROT_READ : 0) | (strchr(word, 'w') ? PROT_WRITE : 0) |
		(strchr(word, 'x') ? PROT_EXEC : 0) | (strchr(word, 'd') ? PROT_GROWSDOWN : 0);
	return true;
}

/* Never beyond the range, not even by what the kernel would round. */
bool inside(uint64_t offset, uint64_t length)
{
	uint64_t first = offset / PAGE * PAGE, whole = (length + PAGE - 1) / PAGE * PAGE, all = pages * PAGE;

	return offset <= all && length <= all && first + whole + (offset == first ? 0 : PAGE) <= all;
}

void *at(uint64_t offset)
{
	return (void *)(uintptr_t)(BASE + offset);
}
