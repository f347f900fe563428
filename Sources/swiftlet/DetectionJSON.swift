import Detector
import Service
import Stream
import Vision

/// Writes one picture's result to standard output as a line of JSON. False when it cannot be written.
func writeJSON(_ result: PictureResult, labels: [[UInt8]]) -> Bool {
    // A byte of text takes at most six (an escape), a number at most 24.
    var capacity = 256 + 6 * result.name.path.count
    for detection in result.detections { capacity += 256 + 6 * labels[Int(detection.classIndex)].count }
    var json = JSONWriter(capacity: capacity)
    json.beginObject()
    json.key("file")
    json.string(result.name.path)
    if let frame = result.name.frame {
        json.key("frame")
        json.integer(frame)
    }
    json.key("width_px")
    json.integer(result.size.width)
    json.key("height_px")
    json.integer(result.size.height)
    json.key("inference_ms")
    json.decimal(Double(result.inferenceNanoseconds) / 1e6, decimals: 3)
    json.key("detections")
    json.beginArray()
    for detection in result.detections {
        let box = detection.box.pixels(in: result.size)
        json.beginObject()
        json.key("class")
        json.integer(Int(detection.classIndex))
        json.key("label")
        json.string(labels[Int(detection.classIndex)])
        json.key("score")
        json.decimal(Double(detection.score), decimals: 4)
        json.key("box_px")
        json.beginArray()
        for side in [box.left, box.top, box.right, box.bottom] { json.decimal(Double(side), decimals: 1) }
        json.endArray()
        json.endObject()
    }
    json.endArray()
    json.endObject()
    guard let line = try? json.line() else { return false }
    return write(line, to: standardOutput)
}
