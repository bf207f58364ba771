from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0002_longer_street"),
    ]

    operations = [
        migrations.AddField(
            model_name="purchase",
            name="order_id",
            field=models.CharField(default="", max_length=128, verbose_name="order id"),
        ),
    ]
