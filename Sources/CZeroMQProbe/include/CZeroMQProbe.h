// What a round trip over ZeroMQ costs by itself: two frames there and two back between a DEALER and a ROUTER, with
// nothing around them. For measurements only.
#ifndef MEDMOE_CZEROMQ_PROBE_H
#define MEDMOE_CZEROMQ_PROBE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/// Listens at `endpoint` and answers each message of two frames by two: one of `header_bytes`, and the second as it
/// came.
///
/// Blocks the calling thread until the process ends; returns an error number when it cannot begin or go on.
int medmoe_probe_answer(const char *endpoint, size_t header_bytes);

typedef struct medmoe_probe medmoe_probe;

/// Connects to an endpoint where somebody answers, now or soon; NULL, with `errno`, when there are no resources.
medmoe_probe *_Nullable medmoe_probe_connect(const char *endpoint);
/// Sends `count` messages of two frames, each after the answer to the one before, and writes what each round trip took.
///
/// Returns 0 or an error number: EAGAIN when an answer did not come within ten seconds.
int medmoe_probe_run(medmoe_probe *probe, size_t header_bytes, size_t tensor_bytes, size_t count,
                     int64_t *nanoseconds);
/// Closes the connection.
void medmoe_probe_close(medmoe_probe *probe);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
