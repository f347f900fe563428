import Checkpoint
import Foundation
import Quantizer
import TestSupport
import Testing

/// Which of the tensors in a checkpoint are taken for the network. Files are made of the golden weights in memory: every
/// tensor lies in a storage of its own.
@Suite struct NetworkWeightsTests {
    private typealias Items = [(String, (inout Pickle) -> Void)]

    private static let golden = try! Checkpoint(path: fixture("golden/xxs-ssd/model.pt"))
    /// Half of each value: the sets cannot be mistaken for each other.
    private static let halved = golden.tensors.map { tensor in
        (tensor.name, tensor.shape, try! tensor.floats().map { $0 / 2 })
    }

    /// A pickle, and the storages that it names.
    private struct Pickle {
        var bytes: [UInt8] = [0x80, 2]
        var storages: [[Float]] = []

        mutating func string(_ text: String) { bytes += Array("X".utf8) + little(UInt32(text.utf8.count)) + Array(text.utf8) }
        mutating func integer(_ value: Int) { bytes += [0x8A, 8] + little(Int64(value)) }
        mutating func tuple(_ values: [Int]) {
            bytes += Array("(".utf8)
            for value in values { integer(value) }
            bytes += Array("t".utf8)
        }

        mutating func tensor(_ shape: [Int], _ values: [Float]) {
            bytes += Array("ctorch._utils\n_rebuild_tensor_v2\n((".utf8)
            string("storage")
            bytes += Array("ctorch\nFloatStorage\n".utf8)
            string("\(storages.count)")
            string("cpu")
            integer(values.count)
            bytes += Array("tQ".utf8)
            integer(0)
            tuple(shape)
            var strides = shape
            var step = 1
            for axis in shape.indices.reversed() {
                strides[axis] = step
                step *= shape[axis]
            }
            tuple(strides)
            bytes += [0x89] + Array("}tR".utf8)
            storages.append(values)
        }

        mutating func dictionary(_ items: Items) {
            bytes += Array("}(".utf8)
            for (key, value) in items {
                string(key)
                value(&self)
            }
            bytes += Array("u".utf8)
        }

        private func little<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
            withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }
        }
    }

    private static func items(
        _ prefix: String = "", halved: Bool = false, without: (String) -> Bool = { _ in false },
        renamed: @escaping (String) -> String = { $0 }
    ) -> Items {
        let tensors = halved ? Self.halved : golden.tensors.map { ($0.name, $0.shape, try! $0.floats()) }
        return tensors.filter { !without($0.0) }.map { name, shape, values in
            (prefix + renamed(name), { $0.tensor(shape, values) })
        }
    }

    private static func weights(_ prefix: String = "", halved: Bool = false) -> (inout Pickle) -> Void {
        let items = items(prefix, halved: halved)
        return { $0.dictionary(items) }
    }

    private static let scalar: @Sendable (inout Pickle) -> Void = { $0.tensor([], [1]) }

    /// The importer of a file of this dictionary, in the format from before 1.6, which needs no checksums.
    private func read(_ items: Items, weights: String? = nil) throws -> Importer {
        var pickle = Pickle()
        pickle.dictionary(items)
        var bytes: [UInt8] = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
        bytes += Array(".".utf8) + [0x80, 2] + Array("M".utf8) + [0xE9, 0x03] + Array(".".utf8)
        bytes += [0x80, 2] + Array("}.".utf8) + pickle.bytes + Array(".".utf8)
        var keys = Pickle()
        keys.bytes += Array("](".utf8)
        for key in pickle.storages.indices { keys.string("\(key)") }
        var data = Data(bytes + keys.bytes + Array("e.".utf8))
        for storage in pickle.storages {
            withUnsafeBytes(of: Int64(storage.count)) { data.append(contentsOf: $0) }
            storage.withUnsafeBytes { data.append(contentsOf: $0) }
        }
        return try Importer(CheckpointFile(bytes: data), architecture: nil, weights: weights, precision: .fp32)
    }

    /// Whether the importer writes the golden weights, byte for byte.
    private func isGolden(_ importer: Importer) throws -> Bool {
        func written(_ importer: Importer) throws -> Data {
            let path = NSTemporaryDirectory() + "swiftlet-weights-\(UUID().uuidString).gguf"
            defer { unlink(path) }
            let labels = (0..<importer.classCount).map { "label \($0)" }
            let description = importer.description(labels: labels, size: .init(width: 320, height: 320))
            try importer.write(to: path, description: description) { _, _ in }
            return try Data(contentsOf: URL(fileURLWithPath: path))
        }
        return try written(importer) == written(try Importer(Self.golden, architecture: nil, precision: .fp32))
    }

    @Test(arguments: [
        "module.", "_orig_mod.", "model._orig_mod.module.", "student.net.", "whatever.", "encoder.", "module.encoder.ssd_heads.",
    ])
    func prefixesAreTakenOff(prefix: String) throws {
        let importer = try read(Self.items(prefix))
        #expect(importer.notes == [.prefix(prefix)])
        #expect(try isGolden(importer))
    }

    /// Wrappers of a part of the network only, inside of names.
    @Test func wrappersInsideNamesAreIgnored() throws {
        let importer = try read(
            Self.items(renamed: { $0.hasPrefix("encoder.") ? "encoder._orig_mod.module." + $0.dropFirst(8) : $0 }))
        #expect(importer.notes == [])
        #expect(try isGolden(importer))
    }

    /// A prefix that some names have is none.
    @Test func aPrefixMustBeOnEveryName() throws {
        #expect(throws: QuantizerError.self) {
            _ = try read(Self.items(renamed: { $0.hasPrefix("encoder.layer_1") ? "module." + $0 : $0 }))
        }
    }

    @Test(arguments: [
        ["ema"], ["ema", "module"], ["ema_model"], ["model_ema"], ["state_dict_ema"], ["ema_state_dict"], ["modelEMA"],
        ["averaged_model"], ["swa_state_dict"], ["callbacks", "EMAWeightAveraging", "state"], ["AveragedModel"],
        ["params_ema"], ["EMA{decay: 0.99}", "weights"],
    ])
    func averagedWeightsGoFirst(place: [String]) throws {
        var average = Self.weights()
        for key in place.dropFirst().reversed() {
            average = { [average] in $0.dictionary([(key, average), ("updates", { $0.integer(3) })]) }
        }
        let name = place.joined(separator: "/")
        let both: Items = [("model", Self.weights(halved: true)), (place[0], average)]
        let importer = try read(both)
        #expect(importer.notes == [.averaged(name, others: ["model"])])
        #expect(try isGolden(importer))
        // The others can be had, by their name.
        let other = try read(both, weights: "model")
        #expect(other.notes == [])
        #expect(try !isGolden(other))
    }

    /// Words that only sound like it.
    @Test(arguments: ["schema", "cinema", "emanuel", "remains"]) func otherWordsAreNoAverage(key: String) throws {
        #expect(throws: QuantizerError.ambiguousWeights(places: ["model", key])) {
            _ = try read([("model", Self.weights(halved: true)), (key, Self.weights())])
        }
    }

    /// torch.optim.swa_utils.AveragedModel counts beside what it wraps, whatever its dictionary is called.
    @Test func countedAveragesAreRecognised() throws {
        let counted = [("n_averaged", Self.scalar)] + Self.items("module.")
        let importer = try read([("model", Self.weights(halved: true)), ("other", { $0.dictionary(counted) })])
        #expect(
            importer.notes == [
                .averaged("other/module", others: ["model"]), .prefix("module."), .leftOver(["n_averaged"]),
            ])
        #expect(try isGolden(importer))
    }

    /// Both in one dictionary, as a module that contains both has them.
    @Test func prefixesTellAveragedWeightsToo() throws {
        let importer = try read([
            (
                "state_dict",
                {
                    $0.dictionary(
                        Self.items("model.", halved: true) + Self.items("ema_model.") + [("criterion.weight", Self.scalar)])
                }
            )
        ])
        #expect(
            importer.notes == [
                .averaged("state_dict/ema_model", others: ["state_dict/model"]), .prefix("ema_model."),
                .leftOver(["criterion.weight"]),
            ])
        #expect(try isGolden(importer))
    }

    /// A trainer's object that contains both is kept under one name.
    @Test func theAverageItselfGoesFirst() throws {
        let both = Self.items("online_model.", halved: true) + Self.items("ema_model.") + [("step", Self.scalar)]
        let importer = try read([("model", Self.weights(halved: true)), ("ema", { $0.dictionary(both) })])
        #expect(importer.notes.first == .averaged("ema/ema_model", others: ["model", "ema/online_model"]))
        #expect(try isGolden(importer))
    }

    private static func isStatistic(_ name: String) -> Bool { name.contains("running_") || name.hasSuffix("_tracked") }
    private static let parameters = golden.tensors.filter { !isStatistic($0.name) }

    /// The parameters halved, batch norm's statistics as they are: what was averaged into the golden weights.
    private static var beforeAveraging: Items { zip(items(halved: true), items()).map { isStatistic($0.0) ? $1 : $0 } }

    /// Who averages parameters alone copies them over those of the network, whose statistics stay.
    @Test(arguments: ["", "module.", "without dots"]) func averagesOfParametersAloneAreCompleted(form: String) throws {
        let average = Self.items(
            without: Self.isStatistic,
            renamed: { form == "without dots" ? $0.filter { $0 != "." } : form + $0 })
        let importer = try read([
            ("state_dict", { $0.dictionary(Self.beforeAveraging) }), ("shadow", { $0.dictionary(average) }),
        ])
        let place = average[0].0.hasPrefix("module.") ? "shadow/module" : "shadow"
        #expect(importer.notes.prefix(2) == [.averaged(place, others: ["state_dict"]), .statistics("state_dict")])
        #expect(try isGolden(importer))
    }

    /// Averages without names are in the order of the network's parameters.
    @Test func listsOfAveragesAreCompleted() throws {
        func file(_ tensors: [CheckpointTensor]) -> Items {
            func list(_ pickle: inout Pickle) {
                pickle.bytes += Array("](".utf8)
                for tensor in tensors { pickle.tensor(tensor.shape, try! tensor.floats()) }
                pickle.bytes += Array("e".utf8)
            }
            return [
                ("model", { $0.dictionary(Self.beforeAveraging) }),
                ("ema", { $0.dictionary([("decay", { $0.integer(1) }), ("shadow_params", list)]) }),
            ]
        }
        let importer = try read(file(Self.parameters))
        #expect(importer.notes == [.averaged("ema/shadow_params", others: ["model"]), .statistics("model")])
        #expect(try isGolden(importer))
        // In another order they may be anything: said, and not taken.
        let other = try read(file(Self.parameters.reversed()))
        #expect(other.notes == [.unclearAverage("ema/shadow_params", chosen: "model")])
    }

    /// Two networks whose statistics differ leave open whose an average needs.
    @Test func statisticsMustBeCertain() throws {
        let average = Self.items(without: Self.isStatistic)
        #expect(throws: QuantizerError.ambiguousWeights(places: ["first", "second"])) {
            _ = try read([
                ("first", Self.weights()), ("second", Self.weights(halved: true)), ("ema", { $0.dictionary(average) }),
            ])
        }
    }

    /// An average that lacks parameters is not taken, and that is told.
    @Test func incompleteAveragesAreTold() throws {
        let part = Self.items(halved: true, without: { $0.hasPrefix("ssd_heads.0.") })
        let missing = Self.golden.tensors.count { $0.name.hasPrefix("ssd_heads.0.") && !$0.name.hasSuffix("_tracked") }
        let importer = try read([("model", Self.weights()), ("ema", { $0.dictionary(part) })])
        #expect(importer.notes == [.incompleteAverage("ema", missing: missing, chosen: "model")])
        #expect(try isGolden(importer))
    }

    @Test func whatCannotBeToldApartIsRejected() throws {
        let two: Items = [("teacher", Self.weights()), ("student", Self.weights(halved: true))]
        #expect(throws: QuantizerError.ambiguousWeights(places: ["teacher", "student"])) { _ = try read(two) }
        #expect(try isGolden(try read(two, weights: "teacher")))
        #expect(throws: QuantizerError.noSuchWeights("tutor", places: ["teacher", "student"])) {
            _ = try read(two, weights: "tutor")
        }
        // The same values twice are one.
        #expect(try isGolden(try read([("state_dict", Self.weights()), ("model", Self.weights())])))
    }

    /// A tensor made by something unknown is rejected by its name, and nothing is called.
    @Test func tensorsOfUnknownMakersAreRejected() throws {
        var items = Self.items()
        let name = items[4].0
        items[4].1 = { $0.bytes += Array("cmy.module\nmake\n)R".utf8) }
        #expect(throws: QuantizerError.checkpoint(.unknownTensor(name, maker: "my.module.make"))) {
            _ = try read(items)
        }
        let beside = Self.items() + [("odd", items[4].1)]
        let importer = try read(beside)
        #expect(importer.notes == [.skipped(["my.module.make"])])
        #expect(try isGolden(importer))
    }

    /// One problem a line, at most 20; what a file calls its tensors never breaks a line.
    @Test func longListsEnd() throws {
        let broken = Self.items(without: { $0.contains("running_") }) + [("encoder.odd\nname\u{1B}[2J", Self.scalar)]
        let error = #expect(throws: QuantizerError.self) { _ = try read(broken) }
        let missing = Self.golden.tensors.count { $0.name.contains("running_") }
        let lines = try #require(error).message.split(separator: "\n")
        #expect(lines.count == 22)
        #expect(lines[0].hasSuffix("\(missing + 1) problems:"))
        #expect(lines[21] == "  and \(missing + 1 - 20) more")
        let leftOver = try read(Self.items() + [("odd\nname\u{1B}[2J", Self.scalar)])
        #expect(leftOver.notes.flatMap(\.lines).last == "  odd?name?[2J")
    }
}
