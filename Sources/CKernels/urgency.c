#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#include <stdint.h>

#include "CKernels.h"

#if defined(__linux__) && defined(SYS_sched_setattr)
// As the kernel lays it out; the C library has no such type yet.
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t least, most;
};

// The shortest slice that the kernel takes.
static const uint64_t brief = 100000;

static int get(struct attributes *attributes) {
    *attributes = (struct attributes){.size = sizeof *attributes};
    return (int)syscall(SYS_sched_getattr, 0, attributes, sizeof *attributes, 0);
}

// What else the thread has stays as it is.
static int set_slice(uint64_t nanoseconds) {
    struct attributes attributes;
    if (get(&attributes) != 0 || attributes.policy != SCHED_OTHER) return -1;
    attributes.runtime = nanoseconds;
    return (int)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

int medmoe_raise_urgency(void) {
    // Older kernels take the wish and forget it.
    (void)set_slice(brief);
    return medmoe_current_urgency();
}

void medmoe_lower_urgency(int urgency) {
    if (urgency == MEDMOE_URGENCY_BRIEF) (void)set_slice(0);
}

int medmoe_current_urgency(void) {
    struct attributes attributes;
    if (get(&attributes) != 0) return MEDMOE_URGENCY_USUAL;
    return attributes.policy == SCHED_OTHER && attributes.runtime == brief ? MEDMOE_URGENCY_BRIEF : MEDMOE_URGENCY_USUAL;
}
#else
int medmoe_raise_urgency(void) { return MEDMOE_URGENCY_USUAL; }
void medmoe_lower_urgency(int urgency) { (void)urgency; }
int medmoe_current_urgency(void) { return MEDMOE_URGENCY_USUAL; }
#endif
