/// Writes one image's result as a line of JSON.
func writeJSON(_ result: ImageResult, _ description: ModelDescription, to output: Output) {
    // A byte of text takes at most six (an escape), a number at most 24.
    var capacity = 256 + 6 * result.name.path.count
    let labels = description.labels
    for detection in result.found.detections { capacity += 256 + 6 * labels[Int(detection.classIndex)].count }
    for segment in result.found.segments { capacity += 256 + 6 * labels[Int(segment.classIndex)].count }
    for entry in result.found.classes { capacity += 128 + 6 * labels[Int(entry.classIndex)].count }
    var json = JSONWriter(capacity: capacity)
    json.beginObject()
    json.string("file", result.name.path)
    if let frame = result.name.frame {
        json.integer("frame", frame)
    }
    json.integer("width_px", result.size.width)
    json.integer("height_px", result.size.height)
    json.decimal("inference_ms", Double(result.inferenceNanoseconds) / 1e6, decimals: 3)
    json.beginArray(description.task.kind == .detection ? "detections" : "classes")
    for entry in result.found.classes {
        let index = Int(entry.classIndex)
        json.classScore(classIndex: index, label: labels[index], score: entry.score)
    }
    func write(_ index: Int32, _ score: Float, _ box: Box, isSegment: Bool) {
        json.detection(
            classIndex: Int(index), label: labels[Int(index)], score: score, left: box.left, top: box.top,
            right: box.right, bottom: box.bottom, width: result.size.width, height: result.size.height,
            isSegment: isSegment)
    }
    for each in result.found.detections { write(each.classIndex, each.score, each.box, isSegment: false) }
    for each in result.found.segments { write(each.classIndex, each.share, each.box, isSegment: true) }
    json.endArray()
    json.endObject()
    output.write(&json)
}
