/* touch.c - loads, stores and fetches, whose signals are answers */
#include "oracle.h"

static sigjmp_buf back;
static volatile int code_of_signal, number_of_signal;

void on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	number_of_signal = number;
	code_of_signal = info->si_code;
	siglongjmp(back, 1);
}

static void say_signal(void)
{
	if (number_of_signal == SIGBUS)
		say("-1 SIGBUS\n"); /* which code it has depends on CONFIG_MEMORY_FAILURE, too */
	else
		say("-1 %s\n", code_of_signal == SEGV_MAPERR   ? "SEGV_MAPERR"
			       : code_of_signal == SEGV_PKUERR ? "SEGV_PKUERR"
							       : "SEGV_ACCERR");
}

void touch(bool store)
{
	uint64_t offset;
	volatile uint8_t *byte;
	const char *value;

	if (!amount(&offset) || offset >= pages * PAGE) {
		say("X range\n");
		return;
	}
	byte = at(offset);
	value = store ? next_word() : NULL;
	if (sigsetjmp(back, 1)) {
		say_signal();
		return;
	}
	if (store)
		*byte = (uint8_t)(value ? atoi(value) : 0);
	say("%u ok\n", store ? (unsigned)(uint8_t)(value ? atoi(value) : 0) : (unsigned)*byte);
}

/* May an instruction be fetched from there, now or when what lies above has grown down to it? */
static bool may_be_executable(uint64_t offset)
{
	read_rows(false);
	for (size_t i = 0; i < row_count; i++)
		if (offset / PAGE < rows[i].end)
			return rows[i].perms[2] == 'x';
	return false;
}

/* An instruction from where none may be executed: what lies elsewhere in the range is no program. */
void fetch(void)
{
	uint64_t offset;

	if (!amount(&offset) || offset >= pages * PAGE) {
		say("X range\n");
		return;
	}
	if (may_be_executable(offset)) {
		say("X executable\n");
		return;
	}
	if (sigsetjmp(back, 1)) {
		say_signal();
		return;
	}
	((void (*)(void))at(offset))();
}
