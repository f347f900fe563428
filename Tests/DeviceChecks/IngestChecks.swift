import Pixels
import Vision

/// The way from an image to the network's tensor.
public enum IngestChecks {
    /// Both exact resizes against the libraries they reproduce, shrinking and enlarging; and once an image's size is
    /// known, filling a tensor calls no allocator.
    public static func exactResizes(fixtures: String, count: () -> UInt, _ check: inout Check) {
        guard let file = GoldenFile(path: "\(fixtures)/vision/preprocess_320.safetensors") else {
            check.expect(false, "the golden cannot be read")
            return
        }
        for image in ["A", "B"] {
            compare(file, image, "v1_cv2_4.5.5_bilinear_bgr", .bilinearOpenCV, .bgr, count, &check)
            compare(file, image, "v2_pil_bicubic_rgb", .bicubicPillow, .rgb, count, &check)
        }
    }

    private static func compare(
        _ file: GoldenFile, _ name: String, _ golden: String, _ rule: ResizeRule, _ order: ChannelOrder,
        _ count: () -> UInt, _ check: inout Check
    ) {
        let shape = file.shape("\(name).src_rgb")
        let image = Image(size: ImageSize(width: shape[1], height: shape[0]))
        _ = image.pixels.update(from: file.bytes("\(name).src_rgb"))
        let expected = file.bytes("\(name).\(golden)")
        let tensor = UnsafeMutableBufferPointer<Float>.allocate(capacity: expected.count)
        defer { tensor.deallocate() }
        // With scale 1 the tensor holds the resized image's bytes.
        let format = InputFormat(size: ImageSize(width: 320, height: 320), channelOrder: order, scale: 1)
        var ingest = Ingest(format: format, rule: rule)
        ingest.fill(tensor, from: image)
        let start = count()
        ingest.fill(tensor, from: image)
        check.expect(count() == start, "\(name).\(golden): filling made \(count() - start) allocator calls")
        var different = 0
        for index in 0..<expected.count where tensor[index] != Float(expected[index]) { different += 1 }
        check.expect(different == 0, "\(name).\(golden): \(different) values differ")
    }
}
