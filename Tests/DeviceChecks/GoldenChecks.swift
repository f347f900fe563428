import Kernels
import Model
import Engine
import ModelFile
import Pixels
import Vision

/// The networks against the outputs of their upstream implementations.
public enum GoldenChecks {
    /// A model, and how close its outputs must be: the reference's own fp32 error is 3.4e-5 (XXS) and 1.0e-4 (0.5).
    public struct Network: Sendable {
        public var directory: StaticString
        public var tolerance: Float
        /// Of the int8 predictions for `run_208x240_interp`, as toolchains/test quantises the network. It changes with
        /// the recipe, the file's layout and the kernels' rounding; files made before then mean something else.
        public var int8Digest: UInt64

        public static let xxs = Network(directory: "xxs-ssd", tolerance: 2e-4, int8Digest: 12_596_284_337_784_293_915)
        public static let v05 = Network(directory: "v2-0.5-ssd", tolerance: 3e-4, int8Digest: 1_440_983_379_903_519_359)
    }

    /// Compares logits, box offsets and anchors of one golden run. `model` is the network as a model file.
    /// - Returns: the model with that run's output.
    @discardableResult public static func run(
        _ network: Network, _ run: String, model: String, fixtures: String, _ check: inout Check
    ) -> Model? {
        guard let file = GoldenFile(path: "\(fixtures)/golden/\(network.directory)/\(run).safetensors"),
            let detector = detector(model: model, file, threshold: 0.3)
        else {
            check.expect(false, "\(network.directory) \(run): the model or its golden cannot be read")
            return nil
        }
        detector.run()
        let confidences = file.floats("confidences"), locations = file.floats("locations")
        let anchors = file.floats("anchors")
        let classCount = file.shape("confidences")[2], record = 4 + classCount
        let rows = detector.task.anchors.count
        check.expect(rows * 4 == anchors.count, "\(rows) anchors, not \(anchors.count / 4)")
        guard rows * 4 == anchors.count, detector.engine.output.count == rows * record else { return nil }

        var worst: Float = 0, worstAnchor: Float = 0
        for row in 0..<rows {
            let output = UnsafeBufferPointer(rebasing: detector.engine.output[row * record..<(row + 1) * record])
            for index in 0..<4 { worst = larger(worst, output[index], locations[row * 4 + index]) }
            for index in 0..<classCount {
                worst = larger(worst, output[4 + index], confidences[row * classCount + index])
            }
            let anchor = detector.task.anchors[row]
            worstAnchor = larger(worstAnchor, anchor.centreX, anchors[row * 4])
            worstAnchor = larger(worstAnchor, anchor.centreY, anchors[row * 4 + 1])
            worstAnchor = larger(worstAnchor, anchor.width, anchors[row * 4 + 2])
            worstAnchor = larger(worstAnchor, anchor.height, anchors[row * 4 + 3])
        }
        print("\(network.directory) \(run): largest difference \(worst), anchors \(worstAnchor)")
        check.expect(worst <= network.tolerance, "\(network.directory) \(run): outputs differ by \(worst)")
        check.expect(worstAnchor <= 1e-6, "\(network.directory) \(run): anchors differ by \(worstAnchor)")
        return detector
    }

    /// Compares the detections of the 320x320 run, whose output `model` holds: the same boxes of the same classes, best first
    /// in each class.
    public static func detections(
        _ network: Network, threshold: StaticString, _ value: Float, of model: Model?, fixtures: String,
        _ check: inout Check
    ) {
        let golden = GoldenFile(path: "\(fixtures)/golden/\(network.directory)/post_320x320.safetensors")
        guard let post = golden, let model else {
            check.expect(false, "\(network.directory): the model or its golden cannot be read")
            return
        }
        let thresholds = [Float](repeating: value, count: model.description.labels.count)
        let found = model.result(of: model.imageSize, thresholds: thresholds, limit: nil).detections
        let prefix = "thr\(threshold).det."
        let labels = post.integers(prefix + "labels"), scores = post.floats(prefix + "scores")
        let boxes = post.floats(prefix + "boxes_norm_xyxy")
        print("\(network.directory) detections above \(threshold): \(found.count), expected \(labels.count)")
        check.expect(found.count == labels.count, "\(found.count) detections, not \(labels.count)")
        var taken = [Bool](repeating: false, count: found.count)
        for index in 0..<labels.count {
            var matched = false
            for other in 0..<found.count where !taken[other] && !matched {
                let box = found[other].box
                matched =
                    found[other].classIndex == labels[index]
                    && (found[other].score - scores[index]).magnitude <= 1e-4
                    && (box.left - boxes[index * 4]).magnitude <= 1e-4
                    && (box.top - boxes[index * 4 + 1]).magnitude <= 1e-4
                    && (box.right - boxes[index * 4 + 2]).magnitude <= 1e-4
                    && (box.bottom - boxes[index * 4 + 3]).magnitude <= 1e-4
                if matched { taken[other] = true }
            }
            check.expect(matched, "\(network.directory): class \(labels[index]), score \(scores[index]) is not found")
        }
    }

    /// A model with a golden run's image in its input.
    static func detector(
        _ network: Network, _ run: String, model: String, fixtures: String, threshold: Float, threads: Int,
        path: KernelPath? = nil
    ) -> Model? {
        guard let file = GoldenFile(path: "\(fixtures)/golden/\(network.directory)/\(run).safetensors") else { return nil }
        return detector(model: model, file, threshold: threshold, threads: threads, path: path)
    }

    static func detector(
        model: String, _ file: GoldenFile, threshold: Float, threads: Int = 1, path: KernelPath? = nil
    ) -> Model? {
        let name = "image_u8_rgb_hwc"
        let shape = file.shape(name)
        let size = ImageSize(width: shape[1], height: shape[0])
        var settings = ModelSettings(threshold: threshold, threads: threads)
        settings.path = path
        guard let model = try? ModelFile(path: model),
            let detector = try? Model(file: model, size: size, settings: settings)
        else { return nil }
        var image = Image()
        image.reshape(to: size)
        _ = image.pixels.update(from: file.bytes(name))
        detector.load(image)
        return detector
    }

    /// The larger of `worst` and the difference; a difference that is not a number counts as infinite.
    static func larger(_ worst: Float, _ found: Float, _ expected: Float) -> Float {
        let difference = (found - expected).magnitude
        return difference.isNaN ? .infinity : max(worst, difference)
    }
}
