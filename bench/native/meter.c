#include "meter.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

/* A group: both counters run at the same time and are read at once. -1: there are none. */
static int group = -1;

static int open_counter(uint64_t what, int leader)
{
	struct perf_event_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.type = PERF_TYPE_HARDWARE;
	attr.size = sizeof(attr);
	attr.config = what;
	attr.exclude_hv = 1;
	attr.read_format = PERF_FORMAT_GROUP;
	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, leader, 0);
}

bool meter_open(void)
{
	int leader = open_counter(PERF_COUNT_HW_CPU_CYCLES, -1);

	if (leader < 0)
		return false;
	if (open_counter(PERF_COUNT_HW_INSTRUCTIONS, leader) < 0) {
		close(leader);
		return false;
	}
	group = leader;
	return true;
}

static void read_counters(uint64_t *cycles, uint64_t *instructions)
{
	struct {
		uint64_t count, value[2];
	} values;

	*cycles = *instructions = 0;
	if (group < 0 || read(group, &values, sizeof(values)) != (ssize_t)sizeof(values))
		return;
	*cycles = values.value[0];
	*instructions = values.value[1];
}

void meter_start(struct meter_reading *at)
{
	at->cpu_ns = clock_thread_cpu_ns();
	read_counters(&at->cycles, &at->instructions);
	at->wall_ns = clock_now_ns();
}

void meter_stop(struct meter_reading *from)
{
	uint64_t wall = clock_now_ns(), cycles, instructions;

	read_counters(&cycles, &instructions);
	from->wall_ns = wall - from->wall_ns;
	from->cycles = cycles - from->cycles;
	from->instructions = instructions - from->instructions;
	from->cpu_ns = clock_thread_cpu_ns() - from->cpu_ns;
}
