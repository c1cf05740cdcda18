// Adds up 16 lanes in the one order that every vector width can keep.
#pragma once

namespace sparkllama::reference {

// Lane l += lane l + 8, then 4, 2, 1. Overwrites the lanes.
float sum_lanes(float (&lanes)[16]);

}  // namespace sparkllama::reference
