#ifndef MEDMOE_COPENBLAS_SHIM_H
#define MEDMOE_COPENBLAS_SHIM_H
// Debian keeps one header for each flavour and a `cblas.h` that may belong to another BLAS: prefer OpenBLAS's own.
#if __has_include(<openblas-pthread/cblas.h>)
#include <openblas-pthread/cblas.h>
#else
#include <cblas.h>
#endif
#endif
