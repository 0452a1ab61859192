/* policies.c - memory policies: bind:0, interleave=static:0,1, local */
#include "oracle.h"

#define STATIC_NODES 0x8000
#define RELATIVE_NODES 0x4000
#define BALANCING 0x2000

static const char *const modes[] = {
	"default", "preferred", "bind", "interleave", "local", "preferred_many", "weighted_interleave",
};

#define MODES (sizeof(modes) / sizeof(modes[0]))

static const struct {
	const char *name;
	int flag;
} kinds[] = { { "static", STATIC_NODES }, { "relative", RELATIVE_NODES }, { "balancing", BALANCING } };

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Cuts the word into mode, kind and nodes. */
static bool policy(char *word, int *mode, unsigned long *nodes)
{
	char *list = strchr(word, ':'), *kind;

	*nodes = 0;
	if (list)
		*list++ = '\0';
	kind = strchr(word, '=');
	if (kind)
		*kind++ = '\0';
	for (*mode = 0; *mode < (int)MODES && strcmp(word, modes[*mode]) != 0; ++*mode)
		;
	if (*mode == (int)MODES)
		return false;
	for (size_t i = 0; kind && i < KINDS; i++)
		*mode |= strcmp(kind, kinds[i].name) == 0 ? kinds[i].flag : 0;
	if (kind && *mode < (int)MODES)
		return false;
	while (list && *list) {
		char *end;
		unsigned long node = strtoul(list, &end, 10);

		if (end == list || (*end && *end != ','))
			return false;
		if (node < 64)
			*nodes |= 1UL << node;
		list = *end ? end + 1 : end;
	}
	return true;
}

void do_mbind(uint64_t offset, uint64_t length)
{
	char *word = next_word(), *flags = next_word();
	unsigned long nodes;
	unsigned how = 0;
	int mode;

	if (!word) {
		say("X syntax\n");
		return;
	}
	if (!policy(word, &mode, &nodes)) {
		say("X policy\n");
		return;
	}
	if (flags && strspn(flags, "sma-") != strlen(flags)) {
		say("X flags\n");
		return;
	}
	how |= flags && strchr(flags, 's') ? 1 : 0;
	how |= flags && strchr(flags, 'm') ? 2 : 0;
	how |= flags && strchr(flags, 'a') ? 4 : 0;
	say_result((int)syscall(SYS_mbind, at(offset), length, mode, &nodes, 65UL, how));
}

void say_policy(void)
{
	unsigned long nodes[16] = { 0 };
	const char *before = ":";
	uint64_t offset;
	int mode;

	if (!amount(&offset) || offset >= pages * PAGE) {
		say("X range\n");
		return;
	}
	if (syscall(SYS_get_mempolicy, &mode, nodes, 1025UL, at(offset), 2UL)) {
		say_errno();
		return;
	}
	say("%s", modes[mode & 0xfff]);
	for (size_t i = 0; i < KINDS; i++)
		if (mode & kinds[i].flag)
			say("=%s", kinds[i].name);
	for (int node = 0; node < 64; node++) {
		if (nodes[0] >> node & 1) {
			say("%s%d", before, node);
			before = ",";
		}
	}
	say(" ok\n");
}
