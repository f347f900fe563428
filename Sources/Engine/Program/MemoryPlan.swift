/// Which buffer of a network lies where in the arena, and when: what `Engine` prepares, without preparing it.
public struct MemoryPlan: Sendable {
    /// A part of the arena, in use for some steps.
    public struct Buffer: Sendable {
        /// The tensor's layer, or the layer whose scratch memory it is.
        public let name: Name
        /// Whether it is working memory of one step instead of a tensor.
        public let isScratch: Bool
        /// Bytes from the start of the arena.
        public let offset: Int
        /// As reserved: a multiple of the planner's alignment.
        public let byteCount: Int
        /// The first and the last step that need it, both included.
        public let steps: ClosedRange<Int>
    }

    /// Two of them share bytes only where they share no step.
    public let buffers: [Buffer]
    /// The number of steps of a run; the output outlives the last one by one.
    public let stepCount: Int
    /// Bytes of the arena.
    public let byteCount: Int
    /// The largest sum of buffers alive at one step: no plan can need less.
    public let lowerBound: Int

    /// Throws what keeps the engine from placing the buffers: an operation, or more bytes than any board has.
    public init(_ graph: Graph, precision: Precision, threads: Int) throws(EngineError) {
        let storage = try Storage(graph, precision, threads: threads)
        let requests = storage.requests, owners = storage.owners
        let plan = try LifetimePlanner.arenaPlan(requests)
        buffers = requests.indices.map { index in
            Buffer(
                name: owners[index].name, isScratch: owners[index].isScratch, offset: plan.offsets[index],
                byteCount: LifetimePlanner.aligned(requests[index].byteCount),
                steps: requests[index].first...requests[index].last)
        }
        stepCount = storage.lowering.calls.count
        byteCount = plan.byteCount
        lowerBound = plan.lowerBound
    }
}

extension LifetimePlanner {
    /// More than any board can give; rejected before the system is asked for it.
    private static var largestArena: Int { 1 << 30 }

    static func arenaPlan(_ requests: [BufferRequest]) throws(EngineError) -> ArenaPlan {
        guard let plan = plan(requests) else { throw .outOfMemory(byteCount: Int.max) }
        try requireSize(plan.byteCount)
        return plan
    }

    static func requireSize(_ byteCount: Int) throws(EngineError) {
        guard byteCount <= largestArena else { throw .outOfMemory(byteCount: byteCount) }
    }
}
