#ifndef MEDMOE_CZEROMQ_SHIM_H
#define MEDMOE_CZEROMQ_SHIM_H
#include <zmq.h>
// eventfd is not in Swift's Glibc module; it stands here because its only use is in ZeroMQ's poll set.
#include <sys/eventfd.h>
#endif
