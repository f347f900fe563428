extension FastViT {
    /// What the weights of a node are made of; nil for one without weights, or of another network. Computes what "Folding" of
    /// upstream's `reparameterize` does, and with it what that leaves: all that is linear.
    func recipe(of node: Node, prefix: String, classCount: Int, _ naming: TensorNaming) -> ParameterRecipe? {
        let name = node.name.text
        guard node.operation.weights != .none, name.hasPrefix(prefix) else { return nil }
        let parts = name.dropFirst(prefix.count).split(separator: ".").map(String.init)
        guard var fold = fold(parts, classCount: classCount, isFolded: naming.isFolded) else { return nil }
        for index in fold.sources.indices {
            let source = fold.sources[index].name
            fold.sources[index].name = prefix + self.name(source, naming)
        }
        return fold.recipe
    }

    private func fold(_ parts: [String], classCount: Int, isFolded: Bool) -> Fold? {
        func unit(_ name: String, _ shape: [Int], hasSkip: Bool = false) -> Fold {
            isFolded ? .layer(name + ".reparam_conv", shape) : Self.branches(name, shape, hasSkip: hasSkip)
        }
        let name = parts.joined(separator: ".")
        switch (parts[0], parts.count) {
        case ("patch_embed", 2):
            let inputs = parts[1] == "0" ? 3 : parts[1] == "1" ? 1 : channels[0], kernel = parts[1] == "2" ? 1 : 3
            let whole = unit(name, [channels[0], inputs, kernel, kernel], hasSkip: parts[1] == "2")
            return filled(parts[1] == "2" ? filledInputs(whole, channels[0]) : whole)
        case ("network", 2):
            let shape = [channels[3], 1, 7, 7]
            return isFolded ? .layer(name + ".reparam_conv", shape) : .layer(name + ".pe", shape) + .identity(shape)
        case ("network", _) where parts[2] == "proj":
            let stage = (Int(parts[1])! + 1) / 2, inputs = channels[stage - 1]
            let layer = parts.prefix(4).joined(separator: ".")
            if parts[3] == "1" {
                let whole = unit(layer, [channels[stage], channels[stage], 1, 1], hasSkip: true)
                return filled(whole.inputs(Self.doubledOrder(inputs)))
            }
            let shape = [2 * inputs, 1, 7, 7]
            let whole: Fold =
                isFolded
                ? .layer(layer + ".lkb_reparam", shape)
                : .layer(layer + ".lkb_origin.conv", shape, hasBias: false).norm(layer + ".lkb_origin.bn")
                    + .layer(layer + ".small_conv.conv", [2 * inputs, 1, 3, 3], hasBias: false)
                    .norm(layer + ".small_conv.bn").widened(from: 3, to: 7)
            return whole.outputs(Self.half(parts[4], of: inputs))
        case ("network", _): return block(parts, isFolded: isFolded)
        case ("conv_exp", 2):
            return unit("conv_exp", [2 * channels[3], 1, 3, 3]).outputs(Self.half(parts[1], of: channels[3]))
        case ("conv_exp", _):
            let shape = [squeezedChannels, 2 * channels[3]], order = Self.doubledOrder(channels[3])
            guard parts[2] == "reduce" else {
                return filledInputs(.layer(name, [shape[1], shape[0], 1, 1]), shape[0]).outputs(order)
            }
            return filled(Fold.layer(name, shape + [1, 1]).inputs(order))
        default:
            let order = Self.doubledOrder(channels[3])
            return .layer("head", [classCount, 2 * channels[3]]).inputs(order)
        }
    }

    /// Of a layer of a stage's block.
    private func block(_ parts: [String], isFolded: Bool) -> Fold? {
        let stage = Int(parts[1]) == lastStage ? 3 : Int(parts[1])! / 2, channels = channels[stage]
        let block = parts.prefix(3).joined(separator: "."), name = parts.joined(separator: ".")
        let attends = attends && stage == 3, hidden = expansion * channels
        switch parts.dropFirst(3).joined(separator: ".") {
        case "token_mixer":
            let shape = [channels, 1, 3, 3]
            guard !isFolded else { return filled(.layer(name + ".reparam_conv", shape)) }
            let norm = Fold.identity(shape).norm(name + ".norm.rbr_skip")
            return filled(
                .identity(shape)
                    + (Self.branches(name + ".mixer", shape, hasSkip: true) - norm).scaled(by: name + ".layer_scale"))
        case "token_mixer.qkv":
            return Fold.layer(name, [3 * channels, channels], hasBias: false).afterNorm(block + ".norm", channels: channels)
        case "token_mixer.proj": return Fold.layer(name, [channels, channels]).scaled(by: block + ".layer_scale_1")
        case "convffn.conv":
            return filled(Fold.layer(name + ".conv", [channels, 1, 7, 7], hasBias: false).norm(name + ".bn"))
        case "convffn.fc1":
            return filled(filledInputs(.layer(name, [hidden, channels, 1, 1]), channels))
        case "convffn.fc2":
            let whole = Fold.layer(name, [channels, hidden, 1, 1]).scaled(
                by: block + (attends ? ".layer_scale_2" : ".layer_scale"))
            return filled(filledInputs(whole, hidden))
        default: return nil
        }
    }

    /// The sum of a unit's branches: its kernel, where that is larger than 1x1 a 1x1 beside it, and where input and
    /// output are alike a batch norm alone.
    private static func branches(_ name: String, _ shape: [Int], hasSkip: Bool) -> Fold {
        let kernel = shape[2]
        var sum = Fold.layer(name + ".rbr_conv.0.conv", shape, hasBias: false).norm(name + ".rbr_conv.0.bn")
        if kernel > 1 {
            let scale = Fold.layer(name + ".rbr_scale.conv", [shape[0], shape[1], 1, 1], hasBias: false)
            sum = sum + scale.norm(name + ".rbr_scale.bn").widened(from: 1, to: kernel)
        }
        if hasSkip { sum = sum + Fold.identity(shape).norm(name + ".rbr_skip") }
        return sum
    }

    // MARK: Order and number of channels

    private func filled(_ fold: Fold) -> Fold {
        let padded = Self.padded(fold.outputCount)
        return padded == fold.outputCount ? fold : fold.outputs(Self.range(fold.outputCount, padded))
    }

    private func filledInputs(_ fold: Fold, _ inputs: Int) -> Fold {
        let padded = Self.padded(inputs)
        return padded == inputs ? fold : fold.inputs(Self.range(inputs, padded))
    }

    private static func range(_ count: Int, _ padded: Int) -> [Int?] { (0..<padded).map { $0 < count ? $0 : nil } }

    /// Outputs 2c or 2c + 1 of a convolution over `inputs` channels.
    private static func half(_ name: String, of inputs: Int) -> [Int?] {
        range(inputs, padded(inputs)).map { $0.map { 2 * $0 + (name == "first" ? 0 : 1) } }
    }

    private static func doubledOrder(_ inputs: Int) -> [Int?] { half("first", of: inputs) + half("second", of: inputs) }

    // MARK: Names

    /// What a library calls the tensor that upstream gives this name.
    func name(_ name: String, _ naming: TensorNaming) -> String {
        guard naming == .timm || naming == .timmFolded else { return name }
        var name = name
        if let (place, rest) = name.numbered(after: "network.") {
            if place == 6, attends {
                name = "stages.3.pos_emb." + rest.replacing("pe.", with: "pos_enc.")
            } else if place % 2 == 1, place != lastStage {
                name = "stages.\((place + 1) / 2).downsample." + rest
            } else {
                name = "stages.\(place == lastStage ? 3 : place / 2).blocks." + rest
            }
        }
        for (theirs, ours) in [
            ("stem.", "patch_embed."), ("final_conv.", "conv_exp."), ("head.fc.", "head."), ("conv_kxk.", "rbr_conv."),
            ("conv_scale.", "rbr_scale."), ("identity.", "rbr_skip."), ("large_conv.", "lkb_origin."),
            ("reparam_conv.", "lkb_reparam."), ("mlp.", "convffn."), ("se.fc1.", "se.reduce."), ("se.fc2.", "se.expand."),
        ] { name = name.replacing(ours, with: theirs) }
        // layer_scale, or layer_scale_1.
        if name.hasSuffix("layer_scale") || name.dropLast(2).hasSuffix("layer_scale") { name += ".gamma" }
        return name
    }
}
