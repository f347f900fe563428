import Arena
import ModelFile

/// Which buffer of a network lies where in the arena, and when: what `Engine` prepares, without preparing it.
public struct MemoryPlan: Sendable {
    public struct Buffer: Sendable {
        /// The tensor's layer, or the layer whose scratch memory it is.
        public let name: Name
        public let isScratch: Bool
        public let offset: Int
        /// As reserved: a multiple of the planner's alignment.
        public let byteCount: Int
        /// The first and the last step that need it, both included.
        public let steps: ClosedRange<Int>
    }

    public let buffers: [Buffer]
    /// The number of steps of a run; the output outlives the last one by one.
    public let stepCount: Int
    public let byteCount: Int
    /// The largest sum of buffers alive at one step: no plan can need less.
    public let lowerBound: Int

    /// nil when the engine would refuse it as too large.
    public init?(_ graph: Graph, threads: Int) {
        let storage = StoragePlan(graph, threads: threads, observing: false)
        guard let plan = try? storage.arenaPlan() else { return nil }
        buffers = storage.requests.indices.map { index in
            let request = storage.requests[index]
            return Buffer(
                name: storage.owners[index].name, isScratch: storage.owners[index].isScratch,
                offset: plan.offsets[index], byteCount: LifetimePlanner.aligned(request.byteCount),
                steps: request.first...request.last)
        }
        stepCount = storage.calls.count
        byteCount = plan.byteCount
        lowerBound = plan.lowerBound
    }
}
