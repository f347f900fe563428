/// Sizes from the shapes of a checkpoint's tensors.
extension FastViT {
    /// Of a stage.
    static let blockCounts = 1...24

    /// The same line of the family, with or without attention, with the sizes that the shapes tell; nil where they tell none.
    func fitted(prefix: String, _ naming: TensorNaming, _ shape: Architecture.TensorShape) -> FastViT? {
        func size(_ layer: String, _ dimension: Int = 0) -> Int? {
            shape(prefix + name(layer + ".weight", naming)).flatMap { $0.indices.contains(dimension) ? $0[dimension] : nil }
        }
        if attends, size("network.\(lastStage).0.token_mixer.proj") == nil { return nil }
        var fitted = self
        for stage in 0..<4 {
            let list = "network.\(stage == 3 ? lastStage : 2 * stage)."
            let depth = (0..<Self.blockCounts.upperBound).first { size(list + "\($0).convffn.fc1") == nil }
            guard let outputs = size(list + "0.convffn.fc1"), let inputs = size(list + "0.convffn.fc1", 1),
                Architecture.channels.contains(inputs), outputs % inputs == 0, (1...8).contains(outputs / inputs)
            else { return nil }
            // Maps are large in the first stage.
            guard stage > 0 || inputs <= 512 else { return nil }
            (fitted.channels[stage], fitted.expansion) = (inputs, outputs / inputs)
            fitted.depths[stage] = depth ?? Self.blockCounts.upperBound
        }
        guard !attends || fitted.channels[3] % Self.headChannels == 0, fitted.squeezedChannels > 0 else { return nil }
        // Heads other than the classifier read whole maps, without channels that fill up blocks.
        guard prefix.isEmpty || fitted.channels[2...].allSatisfy({ Self.padded($0) == $0 }) else { return nil }
        return fitted
    }
}
