#ifndef MEDMOE_CZLIB_SHIM_H
#define MEDMOE_CZLIB_SHIM_H
#include <zlib.h>
#endif
