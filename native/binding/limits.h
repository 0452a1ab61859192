#ifndef VMALOCK_BINDING_LIMITS_H
#define VMALOCK_BINDING_LIMITS_H

#include "args.h"

namespace vmalock_binding
{

/* An argument in bytes; undefined leaves what is there. */
void ReadLimit(Call &call, size_t at, uint64_t *limit);

/* Five of them: as, data, stack, memlock, mapCount. */
void ReadLimits(Call &call, size_t at, struct vmalock_limits *limits);

} // namespace vmalock_binding

#endif
