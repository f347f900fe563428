import Checkpoint
import Foundation
import TestSupport
import Testing
import Vision

/// `swiftlet-model` with segmenters.
@Suite struct SegmenterCommandTests {
    private let tool: ModelTool
    private let model: String

    init() throws {
        tool = try ModelTool()
        model = tool.path("parts.gguf")
        try SmallClassifier.segmenter().write(to: model)
    }

    /// From a checkpoint to the mask that upstream makes of an image.
    @Test(arguments: ["narrow-v1-deeplabv3", "narrow-v3-separable-deeplabv3"])
    func importedNetworksMakeUpstreamsMasks(name: String) throws {
        let golden = fixture("golden/\(name)"), model = tool.path("m.gguf"), output = tool.path("out.safetensors")
        let imported = try tool("import", golden + "/model.safetensors", "--size", "96x64", "-o", model)
        #expect(imported.code == 0, "\(imported.errors)")
        let run = golden + "/run_64x96.safetensors"
        let outcome = try tool("run", model, "--input", run, "-o", output)
        #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        let (found, expected) = (try Checkpoint(path: output), try Checkpoint(path: run))
        let logits = try #require(found["logits_lowres"]), right = try #require(expected["logits_lowres"])
        #expect(logits.shape == right.shape)
        let values = try right.floats(), largest = values.map(abs).max()!
        #expect(zip(try logits.floats(), values).map { abs($0 - $1) }.max()! < 1e-5 * largest)
        let mask = try #require(found["mask_argmax_u8"])
        #expect(mask.shape == [1, 64, 96] && mask.elementType == .uint8)
        let pixels = [UInt8](try mask.bytes()), others = zip(pixels, try #require(expected["mask_argmax_u8"]).bytes())
        #expect(others.count { $0 != $1 } <= 6)

        // A line for each class: share, class, label, box.
        let lines = outcome.lines
        let classes = Dictionary(grouping: pixels, by: { $0 }).mapValues(\.count).filter { $0.value > 6 }
        #expect(lines.count == classes.count + 1 && lines.last!.hasPrefix("4 classes, mask of 96x64; wrote "))
        for (line, each) in zip(lines, classes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }) {
            let share = String(format: "%.4f", Double(each.value) / 6144)
            #expect(line.hasPrefix("\(share)  \(each.key)  class \(each.key)  "), "\(line)")
        }
        let inspected = try tool("inspect", model).lines
        #expect(inspected.contains("task            segmentation") && inspected.contains("labels          4"))
        #expect(inspected.contains { $0.hasPrefix("upsampling      aligned-") })
    }

    /// Half and eight bits say nearly the same.
    @Test func quantisedModelsMakeNearlyTheSameMasks() throws {
        var random = SeededGenerator(seed: 3)
        let image = Image(size: SmallClassifier.size)
        for index in image.pixels.indices { image.pixels[index] = UInt8(random.integer(0...255)) }
        var encoder = JPEGEncoder()
        try FileManager.default.createDirectory(atPath: tool.path("photos"), withIntermediateDirectories: true)
        let path = try tool.write("photos/a.jpg", Array(try encoder.encode(image)))
        let half = tool.path("half.gguf"), eight = tool.path("eight.gguf")
        #expect(try tool("quantize", model, "--precision", "fp16", "-o", half).code == 0)
        let quantised = try tool("quantize", model, "--calibrate", tool.path("photos"), "-o", eight, "--report")
        #expect(quantised.code == 0 && !quantised.output.contains("detections"), "\(quantised.errors)")
        let masks = try [model, half, eight].map { model in
            let output = tool.path("out.safetensors")
            #expect(try tool("run", model, "--input", path, "-o", output).code == 0)
            return [UInt8](try #require(try Checkpoint(path: output)["mask_argmax_u8"]).bytes())
        }
        #expect(Set(masks[0]).count > 1)
        #expect(zip(masks[0], masks[1]).count { $0 != $1 } < masks[0].count / 100)
        #expect(zip(masks[0], masks[2]).count { $0 != $1 } < masks[0].count / 10)
    }

    /// The judge: pixel by pixel over all images, from the masks that `run` writes.
    @Test func evaluateMeasuresTheIoU() throws {
        var random = SeededGenerator(seed: 9), truths: [[UInt8]] = [], found: [[[UInt8]]] = []
        let half = tool.path("half.gguf")
        #expect(try tool("quantize", model, "--precision", "fp16", "-o", half).code == 0)
        try FileManager.default.createDirectory(atPath: tool.path("test/a"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: tool.path("masks/a"), withIntermediateDirectories: true)
        for index in 0..<4 {
            let image = Image(size: SmallClassifier.size)
            let colours = (0..<36).map { _ in random.integer(0...255) }
            for place in image.pixels.indices {
                let (x, y, channel) = (place / 3 % 64, place / 192, place % 3)
                image.pixels[place] = UInt8(colours[(y / 16 * 4 + x / 16) * 3 + channel])
            }
            var encoder = JPEGEncoder()
            let path = try tool.write("test/a/\(index).jpg", Array(try encoder.encode(image)))
            let masks = try [model, half].map { model in
                let output = tool.path("out.safetensors")
                #expect(try tool("run", model, "--input", path, "-o", output).code == 0)
                return [UInt8](try #require(try Checkpoint(path: output)["mask_argmax_u8"]).bytes())
            }
            found.append(masks)
            // Mostly what the model finds; class 5 never, 255 here and there.
            let truth = masks[0].map { class_ -> UInt8 in
                switch random.integer(0...9) {
                case 0: 255
                case 1, 2: UInt8(random.integer(0...4))
                default: class_ == 5 ? 1 : class_
                }
            }
            truths.append(truth)
            _ = try tool.write("masks/a/\(index).png", Self.png(truth, SmallClassifier.size, isGrey: index % 2 == 0))
        }
        _ = try tool.write("test/a/more.jpg", [0xFF, 0xD8])
        let outcome = try tool(
            "evaluate", model, half, "--images", tool.path("test"), "--masks", tool.path("masks"), "--json")
        #expect(outcome.code == 0 && outcome.errors.contains("1 of 5 images have no mask"), "\(outcome.errors)")
        let reports = try outcome.lines.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(reports.count == 2 && reports[0]["pictures"] as? Int == 4)
        for (model, report) in reports.enumerated() {
            var both = [Int](repeating: 0, count: 6), either = both, right = 0, judged = 0, same = 0
            for (truth, found) in zip(truths, found) {
                for (wanted, (first, mine)) in zip(truth, zip(found[0], found[model])) where wanted != 255 {
                    judged += 1
                    same += first == mine ? 1 : 0
                    right += wanted == mine ? 1 : 0
                    for index in 0..<6 {
                        let (isWanted, isFound) = (wanted == index, mine == index)
                        both[index] += isWanted && isFound ? 1 : 0
                        either[index] += isWanted || isFound ? 1 : 0
                    }
                }
            }
            let ious = zip(both, either).filter { $0.1 > 0 }.map { Double($0.0) / Double($0.1) }
            #expect(abs(try #require(report["mean_iou"] as? Double) - ious.reduce(0, +) / Double(ious.count)) < 1e-12)
            #expect(report["pixel_accuracy"] as? Double == Double(right) / Double(judged))
            #expect(report["agreement"] as? Double == (model == 0 ? nil : Double(same) / Double(judged)))
            let classes = try #require(report["per_class"] as? [[String: Any]])
            let told = classes.compactMap { $0["iou"] as? Double }
            #expect(told.count == ious.count && zip(told, ious).allSatisfy { abs($0 - $1) < 1e-12 })
            #expect(ious.count > 3 && Set(ious).count > 2)
        }
        let table = try tool("evaluate", model, "--images", tool.path("test"), "--masks", tool.path("masks"))
        #expect(table.lines.contains { $0.hasPrefix("mean IoU, %") })
    }

    @Test func masksThatCannotBeJudged() throws {
        try FileManager.default.createDirectory(atPath: tool.path("test"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: tool.path("masks"), withIntermediateDirectories: true)
        var encoder = JPEGEncoder()
        let image = Image(size: SmallClassifier.size)
        image.pixels.update(repeating: 90)
        _ = try tool.write("test/a.jpg", Array(try encoder.encode(image)))
        func problem(_ mask: [UInt8]) throws -> String {
            _ = try tool.write("masks/a.png", mask)
            let outcome = try tool("evaluate", model, "--images", tool.path("test"), "--masks", tool.path("masks"))
            return outcome.code == 65 ? outcome.errors : "code \(outcome.code)"
        }
        let (width, height) = (SmallClassifier.size.width, SmallClassifier.size.height)
        let whole = [UInt8](repeating: 1, count: width * height)
        #expect(try problem(Self.png(whole, SmallClassifier.size)) == "code 0")
        #expect(
            try problem(Self.png([1, 2], ImageSize(width: 2, height: 1))).contains("a.png: is 2x1, but "))
        #expect(try problem(Self.png([6] + whole.dropLast(), SmallClassifier.size)).contains("a.png: has class 6, but the"))
        let damaged = Self.png(whole, SmallClassifier.size)
        #expect(try problem(damaged.dropLast(30)).contains("a.png: is a damaged or incomplete PNG"))
        #expect(try problem(Array("JPEG".utf8)).contains("a.png: is no PNG"))
        let none = try tool("evaluate", model, "--images", tool.path("test"))
        #expect(none.code == 64 && none.errors.contains("give it --masks"))
        let others = try tool("evaluate", model, try GoldenModel.xxs.path(), "--images", tool.path("test"), "--masks", "m")
        #expect(others.code == 65 && others.errors.contains("is not a segmenter"))
        let detector = try tool("evaluate", try GoldenModel.xxs.path(), "--images", "i", "--masks", "m")
        #expect(detector.code == 64 && detector.errors.contains("--masks is for segmenters"))
    }

    /// A PNG with a palette or grey values, stored without compression.
    private static func png(_ classes: [UInt8], _ size: ImageSize, isGrey: Bool = false) -> [UInt8] {
        func bytes(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
        func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
            let body = Array(type.utf8) + data
            var sum = UInt32.max
            for byte in body {
                sum ^= UInt32(byte)
                for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
            }
            return bytes(UInt32(data.count)) + body + bytes(~sum)
        }
        let rows = (0..<size.height).flatMap { [0] + classes[$0 * size.width..<($0 + 1) * size.width] }
        var (a, b) = (UInt32(1), UInt32(0))
        for byte in rows {
            a = (a + UInt32(byte)) % 65521
            b = (b + a) % 65521
        }
        let count = UInt16(rows.count), length = [UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)]
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            + chunk("IHDR", bytes(UInt32(size.width)) + bytes(UInt32(size.height)) + [8, isGrey ? 0 : 3, 0, 0, 0])
            + (isGrey ? [] : chunk("PLTE", (0..<768).map { UInt8($0 / 3) }))
            + chunk("IDAT", [0x78, 0x01, 1] + length + rows + bytes(b << 16 | a)) + chunk("IEND", [])
    }
}
