"""/predict and *Will it play?*."""

ENGLISH: dict[str, str] = {
    "predict.about": "Predict how well an image would do here",
    "predict.image": "The image: JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP",
    "predict.title": "The text that you would post it with",
    "predict.menu": "Will it play?",
    "predict.private": "Show the answer only to you",
    "predict.guess_first": "People are guessing on this image in this channel. Guess first under"
    " my reply, or press Skip there; then you see my prediction.",
    "predict.kept_secret": "My prediction for this image is secret until the votes are in: that"
    " shows what a public prediction does to the votes.",
    "predict.no_image": "There is no image in that message. I look at attached images, image"
    " links and embedded images.",
    "predict.only_video": "There is only a video in that message. I look at pictures: take a"
    " screenshot of the moment that counts.",
    "predict.only_files": "None of the files in that message is an image that I can read. I read"
    " JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF and BMP.",
    "predict.moving_sticker": "That sticker is a drawing in motion without a picture that I could"
    " look at.",
    "predict.no_preview": "Discord shows no picture for the link in that message, and I look only"
    " at pictures that Discord shows. Attach the image itself.",
    "predict.too_large": "The file is larger than {megabytes} MB; make it smaller and try again.",
    "predict.more_images": "That message has {total} images; these are the first {shown}.",
    "predict.not_arrived": "The image did not arrive from Discord. Try again in a minute.",
}

GERMAN: dict[str, str] = {
    "predict.about": "Vorhersagen, wie gut ein Bild hier ankäme",
    "predict.image": "Das Bild: JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF oder BMP",
    "predict.title": "Der Text, mit dem du es posten würdest",
    "predict.menu": "Kommt das an?",
    "predict.private": "Die Antwort nur dir zeigen",
    "predict.guess_first": "Auf dieses Bild wird in diesem Kanal getippt. Tippe unter meiner"
    " Antwort, oder drücke dort Auslassen; dann siehst du meine Vorhersage.",
    "predict.kept_secret": "Meine Vorhersage für dieses Bild ist geheim, bis die Stimmen da sind:"
    " So zeigt sich, was eine öffentliche Vorhersage mit den Stimmen macht.",
    "predict.no_image": "In dieser Nachricht ist kein Bild. Ich sehe angehängte Bilder, Links auf"
    " Bilder und eingebettete Bilder an.",
    "predict.only_video": "In dieser Nachricht ist nur ein Video. Ich sehe Bilder an: Mach ein"
    " Bildschirmfoto vom wichtigsten Moment.",
    "predict.only_files": "Keine Datei in dieser Nachricht ist ein Bild, das ich lesen kann. Ich"
    " lese JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF und BMP.",
    "predict.moving_sticker": "Dieser Sticker ist eine bewegte Zeichnung ohne ein Bild, das ich"
    " ansehen könnte.",
    "predict.no_preview": "Discord zeigt zu dem Link in dieser Nachricht kein Bild, und ich sehe"
    " nur an, was Discord zeigt. Hänge das Bild selbst an.",
    "predict.too_large": "Die Datei ist größer als {megabytes} MB; mach sie kleiner und versuche"
    " es wieder.",
    "predict.more_images": "Diese Nachricht hat {total} Bilder; das sind die ersten {shown}.",
    "predict.not_arrived": "Das Bild kam von Discord nicht an. Versuche es in einer Minute noch"
    " einmal.",
}
