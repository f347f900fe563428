import Engine
import Kernels
import Model
import ModelFile
import Pixels
import Vision

/// Networks of every family and task, as imported, against the outputs of upstream or of an implementation without our code.
public struct FamilyChecks {
    /// A run of a network that toolchains/import-goldens has imported as NETWORK-RUN.gguf.
    public struct Golden: Sendable {
        public var network: StaticString
        public var run: StaticString
        /// How far an output may be off; nil for 1e-5 of the largest.
        public var tolerance: Float?

        public init(_ network: StaticString, _ run: StaticString, _ tolerance: Float? = nil) {
            (self.network, self.run, self.tolerance) = (network, run, tolerance)
        }
    }

    /// In Tests/Fixtures/golden.
    public static let narrow = [
        Golden("narrow-fastvit", "run_72x88"), Golden("narrow-fastvit", "run_96x128"),
        Golden("narrow-timm-v1-cls", "run_72x104"), Golden("narrow-timm-v2-cls", "run_72x104"),
        Golden("narrow-transformers-v1-cls", "run_72x104"), Golden("narrow-transformers-v1-cls", "run_72x104_patch1"),
        Golden("narrow-transformers-v1-cls", "run_72x104_patch3"), Golden("narrow-transformers-v1-cls", "run_72x104_patch4"),
        Golden("narrow-transformers-v1-deeplabv3", "run_64x96"), Golden("narrow-transformers-v2-cls", "run_64x128"),
        Golden("narrow-transformers-v2-deeplabv3", "run_64x96"), Golden("narrow-v1-cls", "run_64x96"),
        Golden("narrow-v1-cls", "run_72x104"), Golden("narrow-v1-deeplabv3", "run_64x96"),
        Golden("narrow-v2-cls", "run_64x96"), Golden("narrow-v2-cls", "run_72x104"),
        Golden("narrow-v2-deeplabv3-stride8", "run_64x96"), Golden("narrow-v3-cls", "run_72x104"),
        Golden("narrow-v3-separable-cls", "run_72x104"), Golden("narrow-v3-separable-deeplabv3", "run_64x96"),
    ]
    /// Networks of the published sizes, which are too large for the project; their tolerances were published with them.
    public static let published = [
        Golden("v1-xxs-cls", "run_224x288", 5e-5), Golden("v1-xxs-cls", "run_256x256", 5e-5),
        Golden("v2-0.5-cls", "run_224x288", 2e-4), Golden("v2-0.5-cls", "run_256x256", 2e-4),
        Golden("v3-xs-ssd", "run_320x320", 4e-4), Golden("v3-0.75-ssd", "run_320x320", 2e-3),
        Golden("fastvit-t8", "run_224x160", 5e-5), Golden("fastvit-t8", "run_256x256", 5e-5),
        Golden("deeplabv3-v3xxs", "run_256x320", 1e-3), Golden("deeplabv3-v3-0.5-aspp64", "run_256x320", 1e-3),
    ]

    private let golden: Golden
    private let file: GoldenFile
    private let name: String
    private let model: String

    /// `goldens` holds the network's directory, `models` what was imported from it.
    public init?(_ golden: Golden, goldens: String, models: String) {
        guard let file = GoldenFile(path: "\(goldens)/\(golden.network)/\(golden.run).safetensors") else { return nil }
        self.golden = golden
        self.file = file
        name = "\(golden.network) \(golden.run)"
        model = "\(models)/\(golden.network)-\(golden.run)"
    }

    public func outputs(_ check: inout Check) {
        guard let found = predictions(model + ".gguf") else {
            check.expect(false, "\(name): the model cannot be read")
            return
        }
        let expected = Self.outputs(file)
        check.expect(found.count == expected.count, "\(name): \(found.count) outputs, not \(expected.count)")
        guard found.count == expected.count else { return }
        var largest: Float = 0, worst: Float = 0
        for (index, value) in expected.enumerated() {
            largest = max(largest, value.magnitude)
            worst = GoldenChecks.larger(worst, found[index], value)
        }
        print("\(name): largest difference \(worst), largest output \(largest)")
        check.expect(worst <= golden.tolerance ?? 1e-5 * largest, "\(name): outputs differ by \(worst)")
    }

    /// Every kernel path that the processor has gives the scalar kernels' bits, on one and on three threads.
    public func int8PathsAgree(_ check: inout Check) {
        guard let expected = predictions(model + "-int8.gguf", .scalar) else {
            check.expect(false, "\(name): the int8 model cannot be read")
            return
        }
        Int8Checks.others(than: .scalar, give: expected, name, &check) { path, threads in
            predictions(model + "-int8.gguf", path, threads: threads)
        }
    }

    private func predictions(_ path: String, _ kernels: KernelPath? = nil, threads: Int = 1) -> [Float]? {
        guard let model = GoldenChecks.detector(model: path, file, threshold: 0.3, threads: threads, path: kernels) else {
            return nil
        }
        model.run()
        switch model.engine.predictions {
        case .fp32(let values): return Array(values)
        case .fp16(let values): return values.map { Float(Float16(bitPattern: $0)) }
        }
    }

    /// What a golden's network should give, in the order of its output; nil where the file cannot be read.
    public static func outputs(path: String) -> [Float]? { GoldenFile(path: path).map { outputs($0) } }

    private static func outputs(_ file: GoldenFile) -> [Float] {
        for name in ["logits", "logits_train_form"] where file.has(name) { return file.floats(name) }
        if file.has("logits_lowres") {
            let values = file.floats("logits_lowres"), shape = file.shape("logits_lowres")
            let classes = shape[1], pixels = shape[2] * shape[3]
            return (0..<pixels * classes).map { values[$0 % classes * pixels + $0 / classes] }
        }
        let scores = file.floats("confidences"), boxes = file.floats("locations")
        let classes = file.shape("confidences")[2]
        var rows: [Float] = []
        for row in 0..<scores.count / classes {
            rows += boxes[row * 4..<row * 4 + 4]
            rows += scores[row * classes..<(row + 1) * classes]
        }
        return rows
    }
}
