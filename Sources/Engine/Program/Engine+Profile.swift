/// One step at a time, to tell where a run's time goes.
extension Engine {
    /// Kernel calls of one run: fewer than the graph has operations, because of fusion.
    public var stepCount: Int { program.schedule.count }

    /// The layer that step `index` completes.
    public func stepName(_ index: Int) -> Name { program.lowering.names[program.lowering.calls[index].output.index] }

    /// What step `index` does: the name of an operation, or of what several were fused into.
    public func stepOperation(_ index: Int) -> StaticString { program.lowering.calls[index].operation.name }

    /// Runs step `index` on the calling thread alone. A run is steps 0..<stepCount in order.
    public func runStep(_ index: Int) { program.schedule.run(index, part: 0, of: 1) }
}
