#define _POSIX_C_SOURCE 200809L
#include "CZeroMQProbe.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <zmq.h>

/// Milliseconds that an answer may take.
enum { PATIENCE = 10000 };

static int error_number(void) { return zmq_errno() ? zmq_errno() : EIO; }

static int answer_one(void *socket, const void *header, size_t header_bytes) {
    // The name of the peer, its header and its tensor.
    zmq_msg_t frames[3];
    for (int i = 0; i < 3; i++) zmq_msg_init(&frames[i]);
    int result = 0;
    for (int i = 0; i < 3 && result == 0; i++) {
        if (zmq_msg_recv(&frames[i], socket, 0) < 0) result = error_number();
        else if (zmq_msg_more(&frames[i]) != (i < 2)) result = EPROTO;
    }
    if (result == 0
        && (zmq_msg_send(&frames[0], socket, ZMQ_SNDMORE) < 0 || zmq_send(socket, header, header_bytes, ZMQ_SNDMORE) < 0
            || zmq_msg_send(&frames[2], socket, 0) < 0)) {
        result = error_number();
    }
    for (int i = 0; i < 3; i++) zmq_msg_close(&frames[i]);
    return result;
}

int medmoe_probe_answer(const char *endpoint, size_t header_bytes) {
    int result = 0;
    void *header = calloc(1, header_bytes + 1);
    void *context = zmq_ctx_new();
    void *socket = context ? zmq_socket(context, ZMQ_ROUTER) : NULL;
    if (!header || !socket || zmq_bind(socket, endpoint) != 0) result = error_number();
    while (result == 0 || result == EINTR) result = answer_one(socket, header, header_bytes);
    if (socket) zmq_close(socket);
    if (context) zmq_ctx_term(context);
    free(header);
    return result;
}

struct medmoe_probe {
    void *context;
    void *socket;
};

medmoe_probe *medmoe_probe_connect(const char *endpoint) {
    medmoe_probe *probe = calloc(1, sizeof *probe);
    if (!probe) return NULL;
    const int linger = 0, patience = PATIENCE;
    probe->context = zmq_ctx_new();
    probe->socket = probe->context ? zmq_socket(probe->context, ZMQ_DEALER) : NULL;
    if (!probe->socket || zmq_setsockopt(probe->socket, ZMQ_LINGER, &linger, sizeof linger) != 0
        || zmq_setsockopt(probe->socket, ZMQ_RCVTIMEO, &patience, sizeof patience) != 0
        || zmq_setsockopt(probe->socket, ZMQ_SNDTIMEO, &patience, sizeof patience) != 0
        || zmq_connect(probe->socket, endpoint) != 0) {
        const int number = error_number();
        medmoe_probe_close(probe);
        errno = number;
        return NULL;
    }
    return probe;
}

void medmoe_probe_close(medmoe_probe *probe) {
    if (probe->socket) zmq_close(probe->socket);
    if (probe->context) zmq_ctx_term(probe->context);
    free(probe);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int receive(void *socket, size_t bytes, zmq_msg_t *frame, int is_last) {
    if (zmq_msg_recv(frame, socket, 0) < 0) return error_number();
    return zmq_msg_more(frame) == !is_last && (!is_last || zmq_msg_size(frame) == bytes) ? 0 : EPROTO;
}

int medmoe_probe_run(medmoe_probe *probe, size_t header_bytes, size_t tensor_bytes, size_t count,
                     int64_t *nanoseconds) {
    void *bytes = calloc(1, (header_bytes > tensor_bytes ? header_bytes : tensor_bytes) + 1);
    if (!bytes) return ENOMEM;
    zmq_msg_t header, tensor;
    zmq_msg_init(&header);
    zmq_msg_init(&tensor);
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        const int64_t start = now();
        // Both are copied into messages, as a sender of rows has to put them there.
        if (zmq_send(probe->socket, bytes, header_bytes, ZMQ_SNDMORE) < 0
            || zmq_send(probe->socket, bytes, tensor_bytes, 0) < 0) {
            result = error_number();
            break;
        }
        result = receive(probe->socket, 0, &header, 0);
        if (result == 0) result = receive(probe->socket, tensor_bytes, &tensor, 1);
        nanoseconds[i] = now() - start;
    }
    zmq_msg_close(&header);
    zmq_msg_close(&tensor);
    free(bytes);
    return result;
}
